import type { Clock } from '../base/clock.ts';
import type { EngineEvent } from '../engine/events.ts';

/** Events kept for readers that are behind. */
const CAPACITY = 10_000;
/** How long after a reader asked everything is kept, so that nothing is paid for while nobody reads. */
const ATTENTION_MS = 60_000;

/** Events that are kept even while nobody reads: what somebody who looks later wants to see. */
const ALWAYS_KEPT: ReadonlySet<EngineEvent['kind']> = new Set([
  'job_retried',
  'job_dead',
  'stale_answer',
  'queue_paused',
  'jobs_redriven',
  'worker_connected',
  'worker_disconnected',
]);

export interface LoggedEvent {
  /** Counts up by one; readers go on behind the last one they have. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly event: EngineEvent;
}

/**
 * The last events of the engine, for readers that ask again and again. Jobs that come and go without
 * trouble are only kept while somebody reads.
 */
export class EventLog {
  readonly #clock: Clock;
  readonly #kept: (LoggedEvent | undefined)[] = new Array<undefined>(CAPACITY).fill(undefined);
  readonly #waiting = new Set<() => void>();
  #next = 1;
  #attentiveUntil = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    if (this.#attentiveUntil === -Infinity && !ALWAYS_KEPT.has(event.kind)) return;
    const now = this.#clock.now();
    if (now > this.#attentiveUntil) {
      this.#attentiveUntil = -Infinity;
      if (!ALWAYS_KEPT.has(event.kind)) return;
    }
    const seq = this.#next++;
    this.#kept[seq % CAPACITY] = { seq, at: now, event };
    for (const wake of this.#waiting) wake();
  };

  /** The number of the newest event. */
  get last(): number {
    return this.#next - 1;
  }

  /**
   * The kept events behind `after` that match, oldest first.
   * @returns `last`: where to go on; `missed`: events behind `after` that are no longer kept
   */
  read(
    after: number,
    limit: number,
    matches: (event: EngineEvent) => boolean,
  ): {
    readonly events: readonly LoggedEvent[];
    readonly last: number;
    readonly missed: number;
  } {
    this.#attentiveUntil = this.#clock.now() + ATTENTION_MS;
    const oldest = Math.max(1, this.#next - CAPACITY);
    const events: LoggedEvent[] = [];
    let seq = Math.max(after + 1, oldest);
    for (; seq < this.#next && events.length < limit; seq++) {
      const logged = this.#kept[seq % CAPACITY];
      if (logged !== undefined && matches(logged.event)) events.push(logged);
    }
    return { events, last: seq - 1, missed: Math.max(0, oldest - after - 1) };
  }

  /** Resolves when there is an event behind `after`, or after `ms`. */
  async waitBehind(after: number, ms: number): Promise<void> {
    this.#attentiveUntil = this.#clock.now() + ATTENTION_MS;
    if (this.last > after) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      this.#waiting.add(wake);
    });
  }
}
