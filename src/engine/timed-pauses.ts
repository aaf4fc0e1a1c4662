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

/**
 * Pauses that end by themselves, also when the engine was restarted meanwhile. Every engine on the same
 * data watches each of them; whoever sees its end first lets the queue go on.
 */
export class TimedPauses {
  readonly #parts: TimedPausesParts;
  readonly #ends = new Map<string, number>();
  readonly #timers = new Map<string, CancelTimer>();
  #isStopped = false;

  constructor(parts: TimedPausesParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#parts.state.watch?.((change) => {
      if (change !== null && change.scope !== SCOPE) return;
      this.#readAgain().catch((thrown: unknown) => {
        this.#parts.log.warn('the ends of pauses could not be read', { error: messageOf(thrown) });
      });
    });
    await this.#readAgain();
  }

  stop(): void {
    this.#isStopped = true;
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
    this.#arm(queue, until);
  }

  async #readAgain(): Promise<void> {
    const ends = await this.#parts.state.list(SCOPE);
    if (this.#isStopped) return;
    for (const queue of this.#ends.keys()) if (!ends.has(queue)) this.#arm(queue, null);
    for (const [queue, text] of ends) this.#arm(queue, Number(text));
  }

  #arm(queue: string, until: number | null): void {
    if (this.endOf(queue) === until) return;
    this.#timers.get(queue)?.();
    this.#timers.delete(queue);
    this.#ends.delete(queue);
    if (until === null) return;
    const { clock, log } = this.#parts;
    this.#ends.set(queue, until);
    const end = (): void => {
      this.#end(queue, until).catch((thrown: unknown) => {
        log.warn('a pause could not be ended; it is tried again', {
          queue,
          error: messageOf(thrown),
        });
        if (!this.#isStopped) this.#timers.set(queue, clock.after(RETRY_MS, end));
      });
    };
    this.#timers.set(queue, clock.after(Math.max(0, until - clock.now()), end));
  }

  /** Lets a queue go on, unless another engine has, or somebody changed the end meanwhile. */
  async #end(queue: string, until: number): Promise<void> {
    const { state, resume } = this.#parts;
    if ((await state.get(SCOPE, queue)) !== String(until)) return;
    await resume(queue);
    await this.set(queue, null);
  }
}
