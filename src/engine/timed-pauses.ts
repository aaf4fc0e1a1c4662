import type { CancelTimer, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StateStore } from '../state/store.ts';

const SCOPE = 'iii::pauses';
const RETRY_MS = 1_000;

export interface TimedPausesParts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets a queue go on. */
  readonly resume: (queue: string) => Promise<void>;
}

/** Pauses that end by themselves, also when the engine was restarted meanwhile. */
export class TimedPauses {
  readonly #parts: TimedPausesParts;
  readonly #ends = new Map<string, number>();
  readonly #timers = new Map<string, CancelTimer>();

  constructor(parts: TimedPausesParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    for (const [queue, text] of await this.#parts.state.list(SCOPE)) this.#arm(queue, Number(text));
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** When a queue goes on by itself; `null` when it does not. Milliseconds since the epoch. */
  endOf(queue: string): number | null {
    return this.#ends.get(queue) ?? null;
  }

  /** Sets or takes away the end of a pause. */
  async set(queue: string, until: number | null): Promise<void> {
    if (until === null && !this.#ends.has(queue)) return;
    const text = until === null ? undefined : String(until);
    await this.#parts.state.update(SCOPE, queue, () => text);
    this.#timers.get(queue)?.();
    this.#timers.delete(queue);
    this.#ends.delete(queue);
    if (until !== null) this.#arm(queue, until);
  }

  #arm(queue: string, until: number): void {
    const { clock, log, resume } = this.#parts;
    this.#ends.set(queue, until);
    const end = (): void => {
      const ended = resume(queue).then(() => this.set(queue, null));
      ended.catch((thrown: unknown) => {
        log.warn('a pause could not be ended; it is tried again', {
          queue,
          error: messageOf(thrown),
        });
        this.#timers.set(queue, clock.after(RETRY_MS, end));
      });
    };
    this.#timers.set(queue, clock.after(Math.max(0, until - clock.now()), end));
  }
}
