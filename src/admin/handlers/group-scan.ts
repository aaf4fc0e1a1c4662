import { IiiError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { scanJobs } from '../../queue/scan.ts';
import type { ScannedJob } from '../../queue/store.ts';
import type { Job, JobState } from '../../queue/types.ts';
import type { GroupView } from '../group-contract.ts';
import { findQueue } from './queue-names.ts';
import { timeText } from './views.ts';

/** States of a job that can still run. */
const ALIVE: readonly JobState[] = ['waiting', 'delayed', 'in_flight'];

/** Every job of a FIFO queue that can still run, oldest first. */
async function* aliveJobs(engine: Engine, queue: string): AsyncGenerator<ScannedJob> {
  const scan = { queues: [queue], states: ALIVE, order: 'accepted', after: null } as const;
  for await (const slice of scanJobs(engine.store, scan)) yield* slice;
}

/** The job that has to end before this one may run: the head of its group; `undefined` when it is that itself. */
export async function findOlderInGroup(engine: Engine, job: Job): Promise<Job | undefined> {
  const fifo = engine.queues.policyOf(job.queue)?.type === 'fifo';
  if (!fifo || job.group === null) return undefined;
  for await (const other of aliveJobs(engine, job.queue)) {
    if (other.group !== job.group) continue;
    return other.id === job.id ? undefined : other.whole();
  }
  return undefined;
}

/**
 * The groups of a queue, the one with the oldest head first.
 * @param limit groups in the answer, at most; all that match are counted
 * @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS for a queue without groups
 */
export async function scanGroups(
  engine: Engine,
  queue: string,
  wants: { readonly blocked: boolean; readonly limit: number },
): Promise<{ readonly groups: readonly GroupView[]; readonly total: number }> {
  const { policy, stats } = await findQueue(engine, queue);
  refuseWithoutGroups(policy);
  // null: a group that is not to be in the answer
  const groups = new Map<string, { head: GroupView; jobs: number } | null>();
  let total = 0;
  for await (const job of aliveJobs(engine, queue)) {
    const key = job.group ?? '';
    const known = groups.get(key);
    if (known === undefined) {
      const head = viewOf(engine, job, stats.paused);
      const matches = !wants.blocked || head.blockedBy !== null;
      if (matches) total += 1;
      groups.set(key, matches && total <= wants.limit ? { head, jobs: 1 } : null);
    } else if (known !== null) known.jobs += 1;
  }
  const shown = [...groups.values()].filter((group) => group !== null);
  return { groups: shown.map(({ head, jobs }) => ({ ...head, jobs })), total };
}

/** @throws IiiError INVALID_ARGUMENTS */
function refuseWithoutGroups(policy: { readonly name: string; readonly type: string }): void {
  if (policy.type === 'fifo') return;
  throw new IiiError('INVALID_ARGUMENTS', `queue '${policy.name}' is standard and has no groups`, {
    hint: 'iii queue list shows the type of every queue',
  });
}

function viewOf(engine: Engine, head: ScannedJob, paused: boolean): GroupView {
  const state = head.state as GroupView['head']['state'];
  return {
    group: head.group ?? '',
    jobs: 1,
    head: {
      id: head.id,
      functionId: head.functionId,
      state,
      attempts: head.attempts,
      enqueuedAt: timeText(head.enqueuedAt),
      dueAt: timeText(state === 'delayed' ? head.dueAt : null),
    },
    blockedBy: blockOf(engine, head, paused),
  };
}

function blockOf(engine: Engine, head: ScannedJob, paused: boolean): GroupView['blockedBy'] {
  if (head.state === 'in_flight') return null;
  if (head.state === 'delayed') return head.attempts > 0 ? 'backoff' : 'delay';
  if (!engine.functions.isOffered(head.functionId)) return 'no_worker';
  return paused ? 'paused' : null;
}
