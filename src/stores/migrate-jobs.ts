import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { Job } from '../queue/types.ts';
import type { JobSource, LeftBehind, SourceJob } from './job-source.ts';
import type { JobTarget, MovedState } from './job-target.ts';

/** Jobs that are copied, compared and taken out of the source in one go. */
const BATCH = 200;
/** Jobs named of those that a target cannot keep as they are. */
const NAMED = 5;
/** What a job may have and a target may not keep. */
const LOSSES = ['priority', 'dedup_key'] as const;

export interface MigrateParts {
  readonly from: JobSource;
  readonly to: JobTarget;
  readonly clock: Clock;
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

type Counts = Record<MovedState, number>;

export interface MigrateReport {
  /** Jobs moved now, by queue and state; with a dry run, those that would be. */
  readonly queues: readonly (Readonly<Counts> & { readonly queue: string })[];
  readonly jobs: number;
  /** How many of them the source does not show: a dry run counts them and cannot say of which queue they are. */
  readonly untold: number;
  /** Whether a dry run could only count what is in the source. */
  readonly isEstimate: boolean;
  /** What stays in the source since it is no job of its queues. */
  readonly left: readonly LeftBehind[];
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
  await from.check();
  await to.check(from);
  const slices = dryRun ? from.look() : from.take();
  if (slices === null) return estimate(from);
  const counts = new Map<string, Counts>();
  const digests = { from: createHash('sha256'), to: createHash('sha256') };
  const losses = new Losses(to.gaps);
  let jobs = 0;
  for await (const slice of slices) {
    for (let at = 0; at < slice.length; at += BATCH) {
      const batch = slice.slice(at, at + BATCH).map((one) => losses.without(one));
      if (!dryRun) await moveBatch(parts, batch, digests);
      for (const { job } of batch) {
        const count = counts.get(job.queue) ?? { waiting: 0, delayed: 0, dead: 0 };
        const { state } = job;
        if (state === 'waiting' || state === 'delayed' || state === 'dead') count[state]++;
        counts.set(job.queue, count);
      }
      jobs += batch.length;
      parts.progress?.(jobs);
    }
  }
  if (!dryRun) {
    await to.finish();
    await from.finish();
  }
  return {
    queues: [...counts].map(([queue, count]) => ({ queue, ...count })),
    jobs,
    untold: 0,
    isEstimate: false,
    left: from.left(),
    losses: losses.all(),
    digests: { from: digests.from.digest('hex'), to: digests.to.digest('hex') },
    dryRun,
  };
}

/** What a dry run tells of a source that does not show its jobs. Such a source has nothing to lose. */
async function estimate(from: JobSource): Promise<MigrateReport> {
  const nothing = createHash('sha256').digest('hex');
  const untold = await from.countUntold();
  const queues: MigrateReport['queues'][number][] = [];
  let jobs = untold;
  for (const [queue, { waiting, delayed, dead }] of await from.stats()) {
    const all = waiting + delayed + dead;
    if (all > 0) queues.push({ queue, waiting, delayed, dead });
    jobs += all;
  }
  const digests = { from: nothing, to: nothing };
  return { queues, jobs, untold, isEstimate: true, left: [], losses: [], digests, dryRun: true };
}

/** What a target does not keep of the jobs that it was shown. */
class Losses {
  readonly #gaps: StoreGaps;
  readonly #found = new Map<MoveLoss['feature'], { jobs: number; readonly ids: string[] }>();

  constructor(gaps: StoreGaps) {
    this.#gaps = gaps;
  }

  /** A job as the target keeps it. */
  without(one: SourceJob): SourceJob {
    const { job } = one;
    const { priority, dedupKey } = job;
    const kept = {
      priority: this.#lose('priority', job, priority !== 0) ? 0 : priority,
      dedupKey: this.#lose('dedup_key', job, dedupKey !== null) ? null : dedupKey,
    };
    return { ...one, job: { ...job, ...kept } };
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
  batch: readonly SourceJob[],
  digests: { readonly from: HashLike; readonly to: HashLike },
): Promise<void> {
  const jobs = batch.map(({ job }) => job);
  const copies = await to.put(jobs);
  for (const [at, one] of batch.entries()) {
    const copy = copies[at];
    const job = one.isTimeAssumed === true ? timedLike(one.job, copy) : one.job;
    const [before, after] = [job, copy].map((text) => text && textOf(text, clock.now()));
    if (before === undefined || before !== after) {
      throw new IiiError('CONFLICT', `The target has no true copy of job ${job.id}.`, {
        reason: 'Another job has its id, or holds its dedup key. It is still in the source.',
        hint: 'Cancel one of the two, then run the same command again: it goes on here.',
      });
    }
    digests.from.update(before);
    digests.to.update(after);
  }
  await from.remove(jobs);
}

/** A job with the times that an earlier run gave it. */
function timedLike(job: Job, copy: Job | undefined): Job {
  if (copy === undefined) return job;
  const { enqueuedAt, dueAt } = copy;
  const failedAt = copy.failure?.failedAt ?? 0;
  const failure = job.failure === null ? null : { ...job.failure, failedAt };
  return { ...job, enqueuedAt, dueAt, failure };
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
