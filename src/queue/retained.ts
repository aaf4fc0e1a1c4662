import { NO_ROW } from './columns.ts';

/** The finished jobs of one queue that are still kept, oldest first, and the bytes they take. */
export class Retained {
  #rows: number[] = [];
  #sizes: number[] = [];
  #first = 0;
  #bytes = 0;

  get count(): number {
    return this.#rows.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(row: number, bytes: number): void {
    this.#rows.push(row);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Takes one out of the middle. */
  remove(row: number): void {
    const at = this.#rows.indexOf(row, this.#first);
    if (at === -1) return;
    this.#bytes -= this.#sizes[at] ?? 0;
    this.#rows.splice(at, 1);
    this.#sizes.splice(at, 1);
  }

  /** Takes the oldest out; `NO_ROW` when empty. */
  shift(): number {
    const row = this.#rows[this.#first];
    if (row === undefined) return NO_ROW;
    this.#bytes -= this.#sizes[this.#first] ?? 0;
    this.#first++;
    if (this.#first * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#first);
      this.#sizes = this.#sizes.slice(this.#first);
      this.#first = 0;
    }
    return row;
  }
}
