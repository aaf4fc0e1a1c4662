/** Parts that the window moves on by. */
const SLOTS = 60;

/** Counts what happened within a window of time, to a sixtieth of the window. */
export class SlidingCount {
  readonly #counts = new Uint32Array(SLOTS);
  readonly #slotMs: number;
  #slot = 0;
  #total = 0;

  constructor(windowMs: number) {
    this.#slotMs = windowMs / SLOTS;
  }

  add(now: number, count = 1): void {
    this.#roll(now);
    const at = this.#slot % SLOTS;
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
    this.#total += count;
  }

  total(now: number): number {
    this.#roll(now);
    return this.#total;
  }

  #roll(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    if (slot <= this.#slot) return;
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) {
      this.#total -= this.#counts[next % SLOTS] ?? 0;
      this.#counts[next % SLOTS] = 0;
    }
    this.#slot = slot;
  }
}
