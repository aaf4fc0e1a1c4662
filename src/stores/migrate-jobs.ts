import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { decide } from '../queue/decide.ts';
import { defaultPolicy } from '../queue/policy.ts';
import { scanJobs } from '../queue/scan.ts';
import type { Store } from '../queue/store.ts';
import type { Job, JobState, Outcome, QueuePolicy } from '../queue/types.ts';

const MOVED_STATES = ['waiting', 'delayed', 'dead'] as const satisfies readonly JobState[];
/** Jobs that are copied, compared and taken out of the source in one go. */
const BATCH = 200;
const LARGEST_COUNTED_EPOCH = 2 ** 32 - 2;

export interface MigrateParts {
  readonly from: Store;
  readonly to: Store;
  /** The queues of the target's configuration. */
  readonly policies: readonly QueuePolicy[];
  readonly clock: Clock;
  readonly random: Random;
  /** Count only. */
  readonly dryRun: boolean;
  readonly progress?: (moved: number) => void;
}

export interface MigrateReport {
  /** Jobs moved now, by queue and state; with a dry run, those that would be. */
  readonly queues: readonly (Readonly<Record<(typeof MOVED_STATES)[number], number>> & {
    readonly queue: string;
  })[];
  readonly jobs: number;
  /** SHA-256 over all jobs as they were read from the source, and as they were read back. */
  readonly digests: { readonly from: string; readonly to: string };
  readonly dryRun: boolean;
}

/**
 * Moves waiting, delayed and dead jobs from one open store to another, with their ids and places.
 * A job leaves the source only after it was read back from the target and is the same, so that a
 * run that broke off is gone on with by running it again.
 * @throws IiiError CONFLICT when the target has another job in the way, or an engine uses the source
 */
export async function migrateJobs(parts: MigrateParts): Promise<MigrateReport> {
  const { from, to, dryRun } = parts;
  await refuseEngines(from);
  if (from.traits.gaps.browse_waiting !== undefined) {
    // what was not seen would stay behind without a word
    throw new IiiError('CONFLICT', `Jobs cannot be moved out of the ${from.traits.name} store.`, {
      reason: from.traits.gaps.browse_waiting,
      hint: 'Let the old engine finish its jobs, and start the new one beside it.',
    });
  }
  if (to.rewrite === undefined) {
    throw new IiiError(
      'CONFLICT',
      `The ${to.traits.name} store cannot take jobs that are not new.`,
      {
        reason: to.traits.gaps.rewrite,
        hint: 'Let the old engine finish its jobs, and start the new one beside it.',
      },
    );
  }
  await refuseTakenPlaces(parts);
  if (!dryRun) await giveBack(parts);
  const counts = new Map<string, Record<(typeof MOVED_STATES)[number], number>>();
  const digests = { from: createHash('sha256'), to: createHash('sha256') };
  let jobs = 0;
  // Dead ones by death, so that their order among themselves is kept as well as their place.
  for (const [states, order] of [
    [['waiting', 'delayed'], 'accepted'],
    [['dead'], 'died'],
  ] as const) {
    const scan = { queues: null, states, order, after: null };
    for await (const slice of scanJobs(from, scan)) {
      const whole = slice.map((one) => one.whole()).filter((job) => job !== undefined);
      for (let at = 0; at < whole.length; at += BATCH) {
        const batch = whole.slice(at, at + BATCH);
        if (!dryRun) await moveBatch(parts, batch, digests);
        for (const { queue, state } of batch) {
          const count = counts.get(queue) ?? { waiting: 0, delayed: 0, dead: 0 };
          if (state === 'waiting' || state === 'delayed' || state === 'dead') count[state]++;
          counts.set(queue, count);
        }
        jobs += batch.length;
        parts.progress?.(jobs);
      }
    }
  }
  return {
    queues: [...counts].map(([queue, count]) => ({ queue, ...count })),
    jobs,
    digests: { from: digests.from.digest('hex'), to: digests.to.digest('hex') },
    dryRun,
  };
}

async function moveBatch(
  { from, to, policies, clock }: MigrateParts,
  batch: readonly Job[],
  digests: { readonly from: HashLike; readonly to: HashLike },
): Promise<void> {
  to.configure(missingPolicies(await knownQueues(to, policies), batch));
  await to.rewrite?.(
    batch.map((job) => ({ job: { ...job, epoch: epochFor(to, job) }, expects: 'absent' })),
  );
  for (const job of batch) {
    const copy = await to.get(job.id);
    const [before, after] = [textOf(job, clock.now()), copy && textOf(copy, clock.now())];
    if (before !== after) {
      throw new IiiError('CONFLICT', `The target has no true copy of job ${job.id}.`, {
        reason: 'Another job has its id, or holds its dedup key. It is still in the source.',
        hint: 'Cancel one of the two, then run the same command again: it goes on here.',
      });
    }
    digests.from.update(before);
    digests.to.update(after);
  }
  const dead = batch.filter(({ state }) => state === 'dead');
  const queues = [...new Set(dead.map(({ queue }) => queue))];
  const ids = dead.map(({ id }) => id);
  if (dead.length > 0) await from.discard({ queues, ids, limit: ids.length });
  await from.cancel(batch.filter(({ state }) => state !== 'dead').map(({ id }) => id));
}

/** Epochs of a shared store are times, and too large for one that counts; there they begin anew. */
function epochFor(to: Store, { epoch }: Job): number {
  return to.traits.sharedByEngines || epoch <= LARGEST_COUNTED_EPOCH ? epoch : 0;
}

interface HashLike {
  update(text: string): unknown;
}

/** What has to be the same: everything but the numbers a store gives. A delay may end on the way. */
function textOf(job: Job, now: number): string {
  const { seq, epoch, state, expiresAt, ...rest } = job;
  const reached = state === 'delayed' && rest.dueAt <= now ? 'waiting' : state;
  return JSON.stringify({ ...rest, state: reached === 'delayed' ? 'waiting' : reached });
}

/** Gives every job that was in flight, or whose time to live ended, its verdict: nobody else will. */
async function giveBack({ from, clock, random }: MigrateParts): Promise<void> {
  for (;;) {
    const reclaimed = await from.reclaim(BATCH);
    if (reclaimed.length === 0) return;
    const at = clock.now();
    await from.settle(
      reclaimed.map(({ lease, cause }) => {
        const outcome: Outcome =
          cause === 'expired' ? { kind: 'expired' } : { kind: 'not_started' };
        const policy = defaultPolicy(lease.job.queue);
        const verdict = decide(outcome, lease, policy, at, random);
        return { id: lease.job.id, epoch: lease.epoch, verdict, record: null, at };
      }),
    );
  }
}

async function knownQueues(
  store: Store,
  policies: readonly QueuePolicy[],
): Promise<ReadonlySet<string>> {
  return new Set([...policies.map(({ name }) => name), ...(await store.stats()).keys()]);
}

/** Settings for queues that the target does not know: what can be told from their jobs. */
function missingPolicies(known: ReadonlySet<string>, jobs: readonly Job[]): QueuePolicy[] {
  const missing = new Map<string, QueuePolicy>();
  for (const { queue, group } of jobs) {
    if (known.has(queue)) continue;
    const type = group === null ? 'standard' : 'fifo';
    missing.set(queue, { ...defaultPolicy(queue), type });
  }
  return [...missing.values()];
}

/**
 * Jobs keep their places as numbers. Where a number is a job's key, it must not be another's.
 * @throws IiiError CONFLICT
 */
async function refuseTakenPlaces({ from, to }: MigrateParts): Promise<void> {
  if (to.traits.sharedByEngines) return;
  const all = { queues: null, states: null, order: 'accepted', after: null } as const;
  const taken = new Map<number, string>();
  for await (const slice of scanJobs(to, all)) {
    for (const one of slice) taken.set(one.whole()?.seq ?? 0, one.id);
  }
  if (taken.size === 0) return;
  for await (const slice of scanJobs(from, { ...all, states: MOVED_STATES })) {
    for (const one of slice) {
      const other = taken.get(one.whole()?.seq ?? -1);
      if (other === undefined || other === one.id) continue;
      throw new IiiError('CONFLICT', `Job ${other} of the target has the place of job ${one.id}.`, {
        reason: 'The target holds jobs of its own, and a place is the key of a job there.',
        hint: 'Move into an empty folder.',
      });
    }
  }
}

/** @throws IiiError CONFLICT when the source is in use: what it would still take could not be moved */
async function refuseEngines(store: Store): Promise<void> {
  const alive = ((await store.peers?.list()) ?? []).filter((engine) => engine.alive);
  if (alive.length === 0) return;
  const names = alive.map(({ address, id }) => address ?? id).join(', ');
  throw new IiiError('CONFLICT', `Engines use the source: ${names}.`, {
    hint: 'Stop them first; an engine that was killed is forgotten after its lease.',
  });
}
