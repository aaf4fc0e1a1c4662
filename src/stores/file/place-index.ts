import type { RecordKey } from './tables.ts';

/** Numbers so far above the first take room for all between them, so they are kept like other keys. */
const MAX_RUN = 2 ** 20;
/** A file begins with its header: no record is there. */
const NOWHERE = 0;

/**
 * Where the records of one table are in a file. Keys that were given out one after the other, as those of
 * new jobs are, cost four bytes each and nothing that would have to be collected.
 */
export class PlaceIndex {
  #first = 0;
  /** By key, counted from the first. */
  #run = new Uint32Array(1_024);
  /** One more than the last entry in use. */
  #runEnd = 0;
  #runSize = 0;
  #others = new Map<RecordKey, number>();

  get size(): number {
    return this.#runSize + this.#others.size;
  }

  /** Forgets all. @param first the lowest key that may come with others right after it */
  restart(first: number): void {
    this.#first = first;
    this.#run.fill(NOWHERE, 0, this.#runEnd);
    this.#runEnd = 0;
    this.#runSize = 0;
    if (this.#others.size > 0) this.#others = new Map();
  }

  get(key: RecordKey): number | undefined {
    const at = this.#runIndexOf(key);
    if (at === -1) return this.#others.get(key);
    const place = this.#run[at] ?? NOWHERE;
    return place === NOWHERE ? undefined : place;
  }

  set(key: RecordKey, place: number): void {
    const at = this.#runIndexOf(key);
    if (at === -1) {
      this.#others.set(key, place);
      return;
    }
    if (at >= this.#run.length) this.#grow(at);
    if (this.#run[at] === NOWHERE) this.#runSize += 1;
    this.#run[at] = place;
    if (at >= this.#runEnd) this.#runEnd = at + 1;
  }

  delete(key: RecordKey): void {
    const at = this.#runIndexOf(key);
    if (at === -1) {
      this.#others.delete(key);
    } else if (at < this.#runEnd && this.#run[at] !== NOWHERE) {
      this.#run[at] = NOWHERE;
      this.#runSize -= 1;
    }
  }

  forEach(visit: (key: RecordKey, place: number) => void): void {
    for (const [key, place] of this.#others) visit(key, place);
    for (let at = 0; at < this.#runEnd; at++) {
      const place = this.#run[at] ?? NOWHERE;
      if (place !== NOWHERE) visit(this.#first + at, place);
    }
  }

  /** -1 for a key that is kept among the others. */
  #runIndexOf(key: RecordKey): number {
    if (typeof key !== 'number') return -1;
    const at = key - this.#first;
    return at >= 0 && at < MAX_RUN ? at : -1;
  }

  #grow(at: number): void {
    const larger = new Uint32Array(Math.max(at + 1, this.#run.length * 2));
    larger.set(this.#run);
    this.#run = larger;
  }
}
