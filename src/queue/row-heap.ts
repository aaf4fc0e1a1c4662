import type { Column } from './columns.ts';
import { NO_ROW } from './columns.ts';

const PAGE_BITS = 14;
const PAGE_LENGTH = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_LENGTH - 1;
const SMALLEST_PAGE = 4;

/**
 * A growing list of rows, 4 bytes each. The first page grows by doubling, so that a short list is
 * small; after that whole pages are added, so that a long one is never copied.
 */
class RowList {
  readonly #pages: Uint32Array[] = [];

  get(at: number): number {
    return this.#pages[at >>> PAGE_BITS]?.[at & PAGE_MASK] ?? NO_ROW;
  }

  set(at: number, row: number): void {
    const page = this.#pages[at >>> PAGE_BITS];
    if (page !== undefined) page[at & PAGE_MASK] = row;
  }

  /** Makes room for the index `at`, which is at most one past the room there is. */
  reserve(at: number): void {
    const first = this.#pages[0];
    if (first === undefined) {
      this.#pages.push(new Uint32Array(SMALLEST_PAGE));
    } else if (at < PAGE_LENGTH) {
      if (at < first.length) return;
      const grown = new Uint32Array(first.length * 2);
      grown.set(first);
      this.#pages[0] = grown;
    } else if (at >>> PAGE_BITS === this.#pages.length) {
      this.#pages.push(new Uint32Array(PAGE_LENGTH));
    }
  }

  /** Gives back pages that a list of `length` rows will not need soon. */
  shrink(length: number): void {
    if (this.#pages.length > (length >>> PAGE_BITS) + 2) this.#pages.pop();
  }
}

/**
 * A binary heap of rows that knows where each row is, so that any row can leave. A row is in at most
 * one heap at a time: all heaps over the same rows share one `position` column.
 */
export class RowHeap {
  readonly #position: Column<Uint32Array>;
  readonly #before: (a: number, b: number) => boolean;
  readonly #rows = new RowList();
  #size = 0;

  /** @param before whether row `a` comes out before row `b`; a strict total order */
  constructor(position: Column<Uint32Array>, before: (a: number, b: number) => boolean) {
    this.#position = position;
    this.#before = before;
  }

  get size(): number {
    return this.#size;
  }

  /** The first row; `NO_ROW` when empty. */
  first(): number {
    return this.#size === 0 ? NO_ROW : this.#rows.get(0);
  }

  push(row: number): void {
    this.#rows.reserve(this.#size);
    this.#rise(this.#size++, row);
  }

  /** Takes the first row out; `NO_ROW` when empty. */
  pop(): number {
    const row = this.first();
    if (row !== NO_ROW) this.remove(row);
    return row;
  }

  /** Takes a row out that is in this heap. */
  remove(row: number): void {
    const at = this.#position.get(row) - 1;
    this.#position.set(row, 0);
    this.#size--;
    if (at !== this.#size) {
      const last = this.#rows.get(this.#size);
      if (at > 0 && this.#before(last, this.#rows.get((at - 1) >>> 1))) this.#rise(at, last);
      else this.#sink(at, last);
    }
    this.#rows.shrink(this.#size);
  }

  #rise(from: number, row: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const other = this.#rows.get(above);
      if (!this.#before(row, other)) break;
      this.#put(at, other);
      at = above;
    }
    this.#put(at, row);
  }

  #sink(from: number, row: number): void {
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#size) break;
      let other = this.#rows.get(below);
      if (below + 1 < this.#size) {
        const right = this.#rows.get(below + 1);
        if (this.#before(right, other)) {
          other = right;
          below++;
        }
      }
      if (!this.#before(other, row)) break;
      this.#put(at, other);
      at = below;
    }
    this.#put(at, row);
  }

  #put(at: number, row: number): void {
    this.#rows.set(at, row);
    this.#position.set(row, at + 1);
  }
}
