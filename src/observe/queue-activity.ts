import type { Clock } from '../base/clock.ts';
import type { EngineEvent } from '../engine/events.ts';
import { WaitWindow } from './wait-window.ts';

/** Seconds over which rates are averaged. */
const WINDOW_SECONDS = 10;
/** Functions remembered per queue. */
const MAX_FUNCTIONS = 1_000;
/** Finished jobs over which their running time is averaged, about: later ones count more. */
const AVERAGED_JOBS = 100;
/** The share of attempts that an SLO is about. */
const SLO_SHARE = 0.95;

interface Activity {
  readonly accepted: RateWindow;
  readonly finished: RateWindow;
  readonly functions: Set<string>;
  readonly jobTime: JobTime;
  /** Made with the first attempt. */
  waits: WaitWindow | undefined;
}

/**
 * What happened in each queue lately: jobs in and out per second, how long they waited and ran, and
 * the functions they are for. Of this engine only.
 */
export class QueueActivity {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Activity>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    switch (event.kind) {
      case 'job_enqueued': {
        const activity = this.#of(event.queue);
        activity.accepted.count(this.#clock.now());
        remember(activity, event.functionId);
        break;
      }
      case 'attempt_started': {
        const activity = this.#of(event.queue);
        remember(activity, event.functionId);
        activity.waits ??= new WaitWindow();
        activity.waits.record(event.waitedMs, this.#clock.now());
        break;
      }
      case 'job_retried':
        this.#of(event.queue).jobTime.ran(event.durationMs);
        break;
      case 'job_completed':
      case 'job_dead': {
        const { finished, jobTime } = this.#of(event.queue);
        finished.count(this.#clock.now());
        jobTime.ran(event.durationMs);
        jobTime.finished();
        break;
      }
      default:
        break;
    }
  };

  inPerSecond(queue: string): number {
    return this.#queues.get(queue)?.accepted.perSecond(this.#clock.now()) ?? 0;
  }

  outPerSecond(queue: string): number {
    return this.#queues.get(queue)?.finished.perSecond(this.#clock.now()) ?? 0;
  }

  /** What 95 of 100 attempts waited at most, over the last minute; `null` when none started. */
  waitP95Ms(queue: string): number | null {
    return this.#queues.get(queue)?.waits?.percentile(SLO_SHARE, this.#clock.now()) ?? null;
  }

  /** How long a job runs on average, all its attempts together; `null` before one has finished. */
  jobMs(queue: string): number | null {
    return this.#queues.get(queue)?.jobTime.meanMs ?? null;
  }

  functionsOf(queue: string): ReadonlySet<string> {
    return this.#queues.get(queue)?.functions ?? new Set();
  }

  #of(queue: string): Activity {
    let activity = this.#queues.get(queue);
    if (activity === undefined) {
      activity = {
        accepted: new RateWindow(),
        finished: new RateWindow(),
        functions: new Set(),
        jobTime: new JobTime(),
        waits: undefined,
      };
      this.#queues.set(queue, activity);
    }
    return activity;
  }
}

function remember({ functions }: Activity, functionId: string): void {
  if (functions.size < MAX_FUNCTIONS) functions.add(functionId);
}

/** The running time of a job, averaged over those that finished last. */
class JobTime {
  /** Of attempts since a job finished last. */
  #pendingMs = 0;
  #jobs = 0;
  #meanMs = 0;

  get meanMs(): number | null {
    return this.#jobs === 0 ? null : this.#meanMs;
  }

  ran(durationMs: number): void {
    this.#pendingMs += durationMs;
  }

  /** Attempts of other jobs may be in what is averaged here; over many jobs that comes out even. */
  finished(): void {
    this.#jobs = Math.min(AVERAGED_JOBS, this.#jobs + 1);
    this.#meanMs += (this.#pendingMs - this.#meanMs) / this.#jobs;
    this.#pendingMs = 0;
  }
}

/** Counts per second of the last ten. */
class RateWindow {
  readonly #counts = new Array<number>(WINDOW_SECONDS).fill(0);
  #second = 0;

  count(now: number): void {
    this.#roll(now);
    const index = this.#second % WINDOW_SECONDS;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  perSecond(now: number): number {
    this.#roll(now);
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    return Number((total / WINDOW_SECONDS).toFixed(1));
  }

  #roll(now: number): void {
    const second = Math.floor(now / 1_000);
    const passed = Math.min(WINDOW_SECONDS, second - this.#second);
    for (let step = 1; step <= passed; step++) {
      this.#counts[(second - passed + step) % WINDOW_SECONDS] = 0;
    }
    if (passed > 0) this.#second = second;
  }
}
