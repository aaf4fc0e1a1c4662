import { NO_ROW } from './columns.ts';

interface Expiry {
  readonly row: number;
  readonly at: number;
  /** Whether it is in the heap. */
  listed: boolean;
}

/** Stale entries tolerated before the heap is built anew. */
const SLACK = 64;

/**
 * When jobs that were never started expire. Entries of jobs that started stay in the heap until
 * their time comes or until they are the greater part of it.
 */
export class Expiries {
  readonly #byRow = new Map<number, Expiry>();
  #heap: Expiry[] = [];

  watch(row: number, at: number): void {
    const expiry = { row, at, listed: true };
    this.#byRow.set(row, expiry);
    this.#push(expiry);
  }

  forget(row: number): void {
    if (this.#byRow.size === 0 || !this.#byRow.delete(row)) return;
    if (this.#heap.length > this.#byRow.size * 2 + SLACK) this.#rebuild();
  }

  /** Looks at a row again whose time came while it could not expire. */
  relist(row: number): void {
    if (this.#byRow.size === 0) return;
    const expiry = this.#byRow.get(row);
    if (expiry === undefined || expiry.listed) return;
    expiry.listed = true;
    this.#push(expiry);
  }

  /** When the next entry needs a look; `Infinity` when none does. */
  nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes a row out whose time has come; `NO_ROW` when there is none. */
  takeDue(now: number): number {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > now) return NO_ROW;
      this.#pop();
      first.listed = false;
      if (this.#byRow.get(first.row) === first) return first.row;
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#byRow.values()].filter((expiry) => expiry.listed);
    this.#heap.sort((a, b) => a.at - b.at);
  }

  #push(expiry: Expiry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = heap[(at - 1) >>> 1];
      if (above === undefined || above.at <= expiry.at) break;
      heap[at] = above;
      at = (at - 1) >>> 1;
    }
    heap[at] = expiry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const left = heap[below];
      if (left === undefined) break;
      const right = heap[below + 1];
      let other = left;
      if (right !== undefined && right.at < left.at) {
        other = right;
        below++;
      }
      if (other.at >= last.at) break;
      heap[at] = other;
      at = below;
    }
    heap[at] = last;
  }
}
