import type { CancelTimer, Clock } from '../../base/clock.ts';

/** Rings at the earliest of the times it was told. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #cancel: CancelTimer | undefined;
  #at = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param inMs negative: nothing to wait for */
  set(inMs: number): void {
    const at = this.#clock.now() + inMs;
    if (inMs < 0 || at >= this.#at) return;
    this.#cancel?.();
    this.#at = at;
    this.#cancel = this.#clock.after(inMs, () => {
      this.#at = Infinity;
      this.#cancel = undefined;
      this.#ring();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#at = Infinity;
  }
}
