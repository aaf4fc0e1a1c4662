import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Tracing } from '../base/tracing.ts';
import { defaultPolicy } from '../queue/policy.ts';
import type { QueueStore, Settlement } from '../queue/store.ts';
import type { AttemptRecord } from '../queue/types.ts';
import { recoverAttempt } from './attempt-span.ts';
import { decideReclaimed } from './dispatch.ts';
import type { EventStream } from './events.ts';
import type { Queues } from './queues.ts';

/** Jobs given a verdict in one batch. */
const BATCH = 500;

export interface ReclaimParts {
  readonly store: QueueStore;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventStream;
  readonly tracing?: Tracing | undefined;
}

/**
 * Gives a verdict to every job that needs one without having run: those in flight when their engine
 * ended, and those whose time to live passed before they were started.
 */
export async function reclaimAll(parts: ReclaimParts): Promise<void> {
  const { store, queues, clock, random, events, tracing } = parts;
  const loss = store.traits.sharedByEngines ? 'lease expired' : 'engine ended';
  for (;;) {
    const reclaimed = await store.reclaim(BATCH);
    if (reclaimed.length === 0) return;
    const now = clock.now();
    const settlements: Settlement[] = [];
    for (const { lease, cause } of reclaimed) {
      // A queue that is no longer configured keeps its jobs, under the default settings.
      const policy = queues.policyOf(lease.job.queue) ?? defaultPolicy(lease.job.queue);
      const verdict = decideReclaimed(cause, lease, policy, now, random);
      const record: AttemptRecord | null =
        cause === 'expired'
          ? null
          : {
              attempt: lease.attempt,
              startedAt: lease.job.leasedAt ?? now,
              endedAt: now,
              worker: 'unknown',
              outcome: 'interrupted',
              error: {
                code: 'invocation_stopped',
                message: 'the engine stopped during the attempt',
              },
            };
      settlements.push({ id: lease.job.id, epoch: lease.epoch, verdict, record, at: now });
    }
    for (const [index, { verdict }] of settlements.entries()) {
      const job = reclaimed[index]?.lease.job;
      if (verdict.kind === 'dead' && job !== undefined) await queues.beforeDead(job);
    }
    const applied = await store.settle(settlements);
    for (const [index, settlement] of settlements.entries()) {
      const lease = reclaimed[index]?.lease;
      // whoever took it meanwhile tells of it
      if (applied[index] !== true || lease === undefined) continue;
      if (tracing !== undefined) recoverAttempt(tracing, lease, settlement, loss);
      const { id, verdict } = settlement;
      if (verdict.kind !== 'dead') continue;
      const { reason, error } = verdict;
      const { queue, traceparent } = lease.job;
      events.emit({ kind: 'job_dead', queue, id, reason, durationMs: 0, error, traceparent });
    }
  }
}
