import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { decide } from '../queue/decide.ts';
import { defaultPolicy } from '../queue/policy.ts';
import { scanJobs } from '../queue/scan.ts';
import type { Store } from '../queue/store.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { Job, Outcome } from '../queue/types.ts';
import type { JobTarget, MOVED_STATES } from './job-target.ts';

/** Jobs that are copied, compared and taken out of the source in one go. */
const BATCH = 200;
/** Jobs named of those that a target cannot keep as they are. */
const NAMED = 5;
/** What a job may have and a target may not keep. */
const LOSSES = ['priority', 'dedup_key'] as const;

export interface MigrateParts {
  readonly from: Store;
  readonly to: JobTarget;
  readonly clock: Clock;
  readonly random: Random;
  /** Count only. */
  readonly dryRun: boolean;
  readonly progress?: (moved: number) => void;
}

/** What the target does not keep of some jobs. */
export interface MoveLoss {
  readonly feature: (typeof LOSSES)[number];
  readonly why: string;
  readonly jobs: number;
  /** The first of them. */
  readonly ids: readonly string[];
}

export interface MigrateReport {
  /** Jobs moved now, by queue and state; with a dry run, those that would be. */
  readonly queues: readonly (Readonly<Record<(typeof MOVED_STATES)[number], number>> & {
    readonly queue: string;
  })[];
  readonly jobs: number;
  /** What jobs lose on the way, since the target does not keep it. */
  readonly losses: readonly MoveLoss[];
  /** SHA-256 over all jobs as they were to be moved, and as they were read back. */
  readonly digests: { readonly from: string; readonly to: string };
  readonly dryRun: boolean;
}

/**
 * Moves waiting, delayed and dead jobs from one open store to another place, with their ids and order.
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
  await to.check(from);
  if (!dryRun) await giveBack(parts);
  const counts = new Map<string, Record<(typeof MOVED_STATES)[number], number>>();
  const digests = { from: createHash('sha256'), to: createHash('sha256') };
  const losses = new Losses(to.gaps);
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
        const batch = whole.slice(at, at + BATCH).map((job) => losses.without(job));
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
  if (!dryRun) await to.finish();
  return {
    queues: [...counts].map(([queue, count]) => ({ queue, ...count })),
    jobs,
    losses: losses.all(),
    digests: { from: digests.from.digest('hex'), to: digests.to.digest('hex') },
    dryRun,
  };
}

/** What a target does not keep of the jobs that it was shown. */
class Losses {
  readonly #gaps: StoreGaps;
  readonly #found = new Map<MoveLoss['feature'], { jobs: number; readonly ids: string[] }>();

  constructor(gaps: StoreGaps) {
    this.#gaps = gaps;
  }

  /** A job as the target keeps it. */
  without(job: Job): Job {
    const { priority, dedupKey } = job;
    const kept = {
      priority: this.#lose('priority', job, priority !== 0) ? 0 : priority,
      dedupKey: this.#lose('dedup_key', job, dedupKey !== null) ? null : dedupKey,
    };
    return { ...job, ...kept };
  }

  all(): readonly MoveLoss[] {
    return LOSSES.flatMap((feature) => {
      const found = this.#found.get(feature);
      return found === undefined ? [] : { feature, why: this.#gaps[feature] ?? '', ...found };
    });
  }

  #lose(feature: MoveLoss['feature'], { id }: Job, hasIt: boolean): boolean {
    if (!hasIt || this.#gaps[feature] === undefined) return false;
    const found = this.#found.get(feature) ?? { jobs: 0, ids: [] };
    found.jobs++;
    if (found.ids.length < NAMED) found.ids.push(id);
    this.#found.set(feature, found);
    return true;
  }
}

async function moveBatch(
  { from, to, clock }: MigrateParts,
  batch: readonly Job[],
  digests: { readonly from: HashLike; readonly to: HashLike },
): Promise<void> {
  const copies = await to.put(batch);
  for (const [at, job] of batch.entries()) {
    const [before, after] = [job, copies[at]].map((one) => one && textOf(one, clock.now()));
    if (before === undefined || before !== after) {
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

interface HashLike {
  update(text: string): unknown;
}

/** What has to be the same: everything but the numbers a store gives. A delay may end on the way. */
function textOf(job: Job, now: number): string {
  const { seq, epoch, state, expiresAt, ...rest } = job;
  const reached = state === 'delayed' && rest.dueAt <= now ? 'waiting' : state;
  const facts = { ...rest, state: reached === 'delayed' ? 'waiting' : reached };
  return JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
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

/** @throws IiiError CONFLICT when the source is in use: what it would still take could not be moved */
async function refuseEngines(store: Store): Promise<void> {
  const alive = ((await store.peers?.list()) ?? []).filter((engine) => engine.alive);
  if (alive.length === 0) return;
  const names = alive.map(({ address, id }) => address ?? id).join(', ');
  throw new IiiError('CONFLICT', `Engines use the source: ${names}.`, {
    hint: 'Stop them first; an engine that was killed is forgotten after its lease.',
  });
}
