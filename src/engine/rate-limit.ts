/**
 * At most `max` starts in any window of `perMs`, exactly: the start times of the last `max` are kept,
 * and the next start has to wait until the oldest of them has left the window.
 */
export class RateLimit {
  readonly #max: number;
  readonly #perMs: number;
  readonly #starts: number[] = [];
  #oldest = 0;

  constructor(max: number, perMs: number) {
    this.#max = max;
    this.#perMs = perMs;
  }

  /** The same window under another limit: what started lately still counts. */
  changedTo(max: number, perMs: number): RateLimit {
    const changed = new RateLimit(max, perMs);
    const { length } = this.#starts;
    for (let i = 0; i < length; i++) {
      changed.record(this.#starts[(this.#oldest + i) % length] ?? 0, 1);
    }
    return changed;
  }

  /** Starts allowed at this moment. */
  room(now: number): number {
    const { length } = this.#starts;
    let used = 0;
    for (let back = 1; back <= length; back++) {
      const start = this.#starts[(this.#oldest + length - back) % length];
      if (start === undefined || start <= now - this.#perMs) break;
      used++;
    }
    return this.#max - used;
  }

  record(now: number, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#starts.length < this.#max) {
        this.#starts.push(now);
      } else {
        this.#starts[this.#oldest] = now;
        this.#oldest = (this.#oldest + 1) % this.#max;
      }
    }
  }

  /** When the next start is allowed, if none is now. */
  nextAt(): number {
    return (this.#starts[this.#oldest] ?? 0) + this.#perMs;
  }
}
