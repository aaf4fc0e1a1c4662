import { causeOf, type Cause } from './cause.ts';
import type { JobBrowser, JobScan, ScannedJob } from './store.ts';
import type { Job, JobFailure } from './types.ts';

/** Jobs asked for at once from a store that can only list. */
const PAGE = 500;
/** Between the cursor of a page and the id of a job on it. */
const PLACE = '~';

/** Every job of a kind in slices, see `JobBrowser.scan`; page after page where the store has none. */
export function scanJobs(browser: JobBrowser, scan: JobScan): AsyncIterable<readonly ScannedJob[]> {
  return browser.scan?.(scan) ?? scanPages(browser, scan);
}

async function* scanPages(
  browser: JobBrowser,
  { queues, states, order, after }: JobScan,
): AsyncGenerator<readonly ScannedJob[]> {
  const place = after?.lastIndexOf(PLACE) ?? -1;
  let cursor = place === -1 ? after : (after?.slice(0, place) ?? null) || null;
  let behind = place === -1 ? null : (after?.slice(place + 1) ?? null);
  do {
    const filter = { queues, states, order, functionId: null, limit: PAGE, cursor };
    const { jobs, nextCursor } = await browser.list(filter);
    const first = behind === null ? 0 : jobs.findIndex(({ id }) => id === behind) + 1;
    const page = cursor ?? '';
    yield jobs.slice(first).map((job) => scannedJob(job, `${page}${PLACE}${job.id}`));
    behind = null;
    cursor = nextCursor;
  } while (cursor !== null);
}

/** A whole job as a scan would show it. */
export function scannedJob(job: Job, cursor = ''): ScannedJob {
  return new WholeJob(job, cursor);
}

class WholeJob implements ScannedJob {
  readonly #job: Job;
  readonly cursor: string;

  constructor(job: Job, cursor: string) {
    this.#job = job;
    this.cursor = cursor;
  }

  get id(): string {
    return this.#job.id;
  }

  get queue(): string {
    return this.#job.queue;
  }

  get functionId(): string {
    return this.#job.functionId;
  }

  get state(): Job['state'] {
    return this.#job.state;
  }

  get group(): string | null {
    return this.#job.group;
  }

  get priority(): number {
    return this.#job.priority;
  }

  get attempts(): number {
    return this.#job.attempts;
  }

  get interruptions(): number {
    return this.#job.interruptions;
  }

  get epoch(): number {
    return this.#job.epoch;
  }

  get enqueuedAt(): number {
    return this.#job.enqueuedAt;
  }

  get dueAt(): number {
    return this.#job.dueAt;
  }

  get stampAt(): number {
    const { failure, leasedAt, endedAt } = this.#job;
    return failure?.failedAt ?? leasedAt ?? endedAt ?? 0;
  }

  payload(): string {
    return this.#job.payload;
  }

  cause(): Cause | null {
    const { failure } = this.#job;
    return failure === null ? null : causeOf(failure);
  }

  failure(): JobFailure | null {
    return this.#job.failure;
  }

  whole(): Job {
    return this.#job;
  }
}
