import { NO_ROW } from './columns.ts';
import { ShardedMap } from './sharded-map.ts';

/** Place of an entry that is not in the heap. */
const UNLISTED = -1;

interface Expiry {
  readonly row: number;
  readonly at: number;
  /** Place in the heap. */
  place: number;
}

/** When jobs that were never started expire: a binary heap that any entry can leave. */
export class Expiries {
  readonly #byRow = new ShardedMap<number, Expiry>();
  readonly #heap: Expiry[] = [];

  watch(row: number, at: number): void {
    const expiry = { row, at, place: UNLISTED };
    this.#byRow.set(row, expiry);
    this.#push(expiry);
  }

  forget(row: number): void {
    if (this.#byRow.size === 0) return;
    const expiry = this.#byRow.get(row);
    if (expiry === undefined) return;
    this.#byRow.delete(row);
    if (expiry.place !== UNLISTED) this.#remove(expiry);
  }

  /** Looks at a row again whose time came while it could not expire. */
  relist(row: number): void {
    if (this.#byRow.size === 0) return;
    const expiry = this.#byRow.get(row);
    if (expiry?.place === UNLISTED) this.#push(expiry);
  }

  /** When the next entry needs a look; `Infinity` when none does. */
  nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes a row out whose time has come; `NO_ROW` when there is none. */
  takeDue(now: number): number {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return NO_ROW;
    this.#remove(first);
    return first.row;
  }

  #push(expiry: Expiry): void {
    this.#heap.push(expiry);
    this.#rise(this.#heap.length - 1, expiry);
  }

  #remove(expiry: Expiry): void {
    const { place } = expiry;
    const last = this.#heap.pop();
    expiry.place = UNLISTED;
    if (last === undefined || last === expiry) return;
    const above = this.#heap[(place - 1) >>> 1];
    if (place > 0 && above !== undefined && last.at < above.at) this.#rise(place, last);
    else this.#sink(place, last);
  }

  #rise(from: number, expiry: Expiry): void {
    let place = from;
    while (place > 0) {
      const above = this.#heap[(place - 1) >>> 1];
      if (above === undefined || above.at <= expiry.at) break;
      this.#put(place, above);
      place = (place - 1) >>> 1;
    }
    this.#put(place, expiry);
  }

  #sink(from: number, expiry: Expiry): void {
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      const left = this.#heap[below];
      if (left === undefined) break;
      const right = this.#heap[below + 1];
      let other = left;
      if (right !== undefined && right.at < left.at) {
        other = right;
        below++;
      }
      if (other.at >= expiry.at) break;
      this.#put(place, other);
      place = below;
    }
    this.#put(place, expiry);
  }

  #put(place: number, expiry: Expiry): void {
    this.#heap[place] = expiry;
    expiry.place = place;
  }
}
