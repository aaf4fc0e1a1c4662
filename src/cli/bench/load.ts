import type { Clock } from '../../base/clock.ts';
import { Latencies } from './latencies.ts';

/** How much load is made. */
export interface LoadPlan {
  /** Ends after this many jobs, if it has not ended before. */
  readonly jobs: number;
  /** Ends after this time; what is on its way then may finish. */
  readonly durationMs: number;
  /** Jobs on their way at the same time, at most. */
  readonly outstanding: number;
  /** Jobs are due at even distances, whatever became of those before; `null`: as fast as it goes. */
  readonly ratePerSecond: number | null;
  /** Ends when something is on its way and nothing has happened for this long. */
  readonly patienceMs: number;
}

export interface LoadParts {
  readonly clock: Clock;
  /** Milliseconds that never run backwards, with fractions. */
  readonly readMs: () => number;
  /** Enqueues job number `seq`; resolves when the engine has it. */
  readonly send: (seq: number) => Promise<unknown>;
}

interface Job {
  /** When it was due: a job that had to wait for its turn here has been on its way since then. */
  readonly since: number;
  isReceived: boolean;
  isDone: boolean;
}

const CHECK_MS = 100;
/** Refused enqueues in a row after which there is no point in going on. */
const HOPELESS = 100;

/**
 * Sends jobs, and keeps account of each: its receipt, its run, and whether it ran twice. The account
 * holds only what is on its way, so it may go on for hours.
 */
export class Load {
  readonly receipts = new Latencies();
  readonly ends = new Latencies();
  sent = 0;
  enqueued = 0;
  completed = 0;
  duplicates = 0;
  failed = 0;
  /** The last refusal. */
  failure: unknown;
  readonly #plan: LoadPlan;
  readonly #parts: LoadParts;
  readonly #jobs = new Map<number, Job>();
  /** Jobs whose enqueue failed: the engine may have them all the same. */
  readonly #unsure = new Set<number>();
  #startedMs = 0;
  #lastReceiptMs = 0;
  #lastEndMs = 0;
  #lastEventMs = 0;
  #patienceMs: number;
  #failuresInARow = 0;
  #isOver = false;
  #cancelTimer: () => void = () => undefined;
  #cancelWatch: () => void = () => undefined;
  #whenEnded: () => void = () => undefined;

  constructor(plan: LoadPlan, parts: LoadParts) {
    this.#plan = plan;
    this.#parts = parts;
    this.#patienceMs = plan.patienceMs;
  }

  /** Sends until it is enough; resolves when everything that was sent has ended, or never will. */
  async run(): Promise<void> {
    const { clock, readMs } = this.#parts;
    this.#startedMs = readMs();
    this.#lastEventMs = this.#startedMs;
    const cancel = clock.after(this.#plan.durationMs, () => {
      this.stop();
    });
    const ended = new Promise<void>((resolve) => {
      this.#whenEnded = resolve;
    });
    this.#watch();
    this.#advance();
    await ended;
    cancel();
    this.#cancelWatch();
    this.#isOver = true;
    this.#cancelTimer();
  }

  /** Sends nothing more, and waits for what is on its way, with less patience when that is given. */
  stop(patienceMs = this.#patienceMs): void {
    this.#isOver = true;
    this.#patienceMs = Math.min(this.#patienceMs, patienceMs);
    this.#advance();
  }

  #watch(): void {
    this.#cancelWatch = this.#parts.clock.after(CHECK_MS, () => {
      const silentMs = this.#parts.readMs() - this.#lastEventMs;
      if (this.#jobs.size > 0 && silentMs > this.#patienceMs) this.#whenEnded();
      this.#watch();
    });
  }

  /** The worker got a job. */
  arrived(seq: number): void {
    const job = this.#jobs.get(seq);
    if (job === undefined) {
      if (this.#unsure.delete(seq)) return;
      this.duplicates += 1;
      return;
    }
    if (job.isDone) {
      this.duplicates += 1;
      return;
    }
    job.isDone = true;
    this.#lastEndMs = this.#parts.readMs();
    this.#lastEventMs = this.#lastEndMs;
    this.ends.add(this.#lastEndMs - job.since);
    this.completed += 1;
    if (job.isReceived) this.#jobs.delete(seq);
    this.#advance();
  }

  /** Jobs the engine may still have. */
  get left(): number {
    return this.#jobs.size + this.#unsure.size;
  }

  /** Jobs the engine has taken and that have not run; once the load has ended they never did. */
  get lost(): number {
    let count = 0;
    for (const { isReceived } of this.#jobs.values()) if (isReceived) count += 1;
    return count;
  }

  get enqueuePerSecond(): number {
    return perSecond(this.enqueued, this.#lastReceiptMs - this.#startedMs);
  }

  get jobsPerSecond(): number {
    return perSecond(this.completed, this.#lastEndMs - this.#startedMs);
  }

  get durationMs(): number {
    return Math.round(
      Math.max(this.#lastEndMs, this.#lastReceiptMs, this.#startedMs) - this.#startedMs,
    );
  }

  #advance(): void {
    const { jobs, outstanding } = this.#plan;
    this.#cancelTimer();
    while (!this.#isOver && this.sent < jobs && this.#jobs.size < outstanding) {
      const nowMs = this.#parts.readMs();
      const dueMs = this.#dueMs(this.sent, nowMs);
      if (dueMs > nowMs) {
        this.#cancelTimer = this.#parts.clock.after(dueMs - nowMs, () => {
          this.#advance();
        });
        return;
      }
      void this.#send(this.sent++, dueMs);
    }
    if ((this.#isOver || this.sent >= jobs) && this.#jobs.size === 0) this.#whenEnded();
  }

  #dueMs(seq: number, nowMs: number): number {
    const { ratePerSecond } = this.#plan;
    return ratePerSecond === null ? nowMs : this.#startedMs + (seq * 1_000) / ratePerSecond;
  }

  async #send(seq: number, since: number): Promise<void> {
    const job: Job = { since, isReceived: false, isDone: false };
    this.#jobs.set(seq, job);
    try {
      await this.#parts.send(seq);
      job.isReceived = true;
      this.#lastReceiptMs = this.#parts.readMs();
      this.#lastEventMs = this.#lastReceiptMs;
      this.receipts.add(this.#lastReceiptMs - since);
      this.enqueued += 1;
      this.#failuresInARow = 0;
      if (job.isDone) this.#jobs.delete(seq);
    } catch (thrown) {
      this.failed += 1;
      this.failure = thrown;
      this.#failuresInARow += 1;
      this.#jobs.delete(seq);
      if (!job.isDone) this.#unsure.add(seq);
      if (this.#failuresInARow >= HOPELESS) this.#isOver = true;
    }
    this.#advance();
  }
}

function perSecond(count: number, ms: number): number {
  return ms <= 0 ? 0 : Math.round((count * 10_000) / ms) / 10;
}
