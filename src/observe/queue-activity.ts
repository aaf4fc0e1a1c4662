import type { Clock } from '../base/clock.ts';
import type { EngineEvent } from '../engine/events.ts';

/** Seconds over which rates are averaged. */
const WINDOW_SECONDS = 10;
/** Functions remembered per queue. */
const MAX_FUNCTIONS = 1_000;

interface Activity {
  readonly accepted: RateWindow;
  readonly finished: RateWindow;
  readonly functions: Set<string>;
}

/** What happened in each queue lately: jobs in and out per second, and the functions they are for. */
export class QueueActivity {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Activity>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    switch (event.kind) {
      case 'job_enqueued':
        this.#of(event.queue).accepted.count(this.#clock.now());
        this.#remember(event.queue, event.functionId);
        break;
      case 'attempt_started':
        this.#remember(event.queue, event.functionId);
        break;
      case 'job_completed':
      case 'job_dead':
        this.#of(event.queue).finished.count(this.#clock.now());
        break;
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

  functionsOf(queue: string): ReadonlySet<string> {
    return this.#queues.get(queue)?.functions ?? new Set();
  }

  #remember(queue: string, functionId: string): void {
    const { functions } = this.#of(queue);
    if (functions.size < MAX_FUNCTIONS) functions.add(functionId);
  }

  #of(queue: string): Activity {
    let activity = this.#queues.get(queue);
    if (activity === undefined) {
      activity = { accepted: new RateWindow(), finished: new RateWindow(), functions: new Set() };
      this.#queues.set(queue, activity);
    }
    return activity;
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
