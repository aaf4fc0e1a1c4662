/** How a queue does against what its attempts should wait. */
export interface SloStatus {
  /** What 95 of 100 attempts should wait at most before they start. */
  readonly waitP95Ms: number;
  /**
   * What they waited, over the last minute. When none started, the age of the oldest job that waits;
   * `null` when none does.
   */
  readonly currentWaitP95Ms: number | null;
  readonly isMet: boolean;
}

/**
 * @param targetMs `null` when nothing is promised; then there is no status
 * @param waitedMs what 95 of 100 attempts waited at most; `null` when none started lately
 * @param oldestWaitingMs `null` when no job waits
 */
export function assessSlo(
  targetMs: number | null,
  waitedMs: number | null,
  oldestWaitingMs: number | null,
): SloStatus | null {
  if (targetMs === null) return null;
  // where nothing starts at all, no attempt tells how long jobs wait
  const currentMs = waitedMs ?? oldestWaitingMs;
  return {
    waitP95Ms: targetMs,
    currentWaitP95Ms: currentMs,
    isMet: currentMs === null || currentMs <= targetMs,
  };
}

export interface Load {
  readonly inPerSecond: number;
  /** How long a job runs, all its attempts together; `null` when that is not known. */
  readonly jobMs: number | null;
  /** Attempts that may run at once. */
  readonly limit: number;
  /** Those connected now. */
  readonly workers: number;
}

export interface Needs {
  /** Attempts that have to run at once to keep up with what comes in. */
  readonly concurrency: number;
  /** Workers it takes, each with as many attempts at once as it may have now. */
  readonly workers: number;
}

/**
 * What it takes to keep up, by Little's law: jobs that come in per second × seconds that one runs.
 * A worker may now have `limit / workers` at once. `null` when no job has finished yet.
 */
export function needsOf({ inPerSecond, jobMs, limit, workers }: Load): Needs | null {
  if (jobMs === null) return null;
  const busy = (inPerSecond * jobMs) / 1_000;
  const perWorker = limit / Math.max(1, workers);
  const atLeast = inPerSecond > 0 ? 1 : 0;
  return {
    concurrency: Math.max(atLeast, Math.ceil(busy)),
    workers: Math.max(atLeast, Math.ceil(busy / perWorker)),
  };
}

/**
 * When nothing waits any more if things go on as they do, in milliseconds. `null` when nothing waits
 * now, and when as much comes in as goes out.
 */
export function drainMsOf(jobs: number, inPerSecond: number, outPerSecond: number): number | null {
  if (jobs === 0) return null;
  const perSecond = outPerSecond - inPerSecond;
  return perSecond > 0 ? Math.round((jobs / perSecond) * 1_000) : null;
}
