import { ROWS_PER_PAGE, type Columns } from './columns.ts';
import { readCursor } from './cursor.ts';
import { wantedStates } from './listing.ts';
import type { JobScan } from './store.ts';

/** Rows sorted in one go: a few milliseconds at most. */
const RUN_ROWS = 8_192;
/** Rows given at once. Whoever looks into their payloads stops only between slices, and some are long. */
const SLICE_ROWS = 32;

/** Rows of one run in order, and the keys they had then: a row may be another job's by now. */
interface Run {
  readonly rows: Uint32Array;
  readonly keys: Float64Array;
  at: number;
}

/**
 * Every row of a kind in order. Rows are collected page by page into sorted runs, which are merged
 * while they are asked for, so that no single step is long; an empty slice stands for a step of
 * which nothing is to be seen. Rows that changed meanwhile are looked at again before they are given.
 */
export function* scanRows(
  columns: Columns,
  scan: JobScan,
  belongs: (row: number) => boolean,
): Generator<readonly number[], undefined> {
  const byDeath = scan.order === 'died';
  const key = byDeath ? columns.deathOrder : columns.seq;
  const after = scan.after === null ? 0 : readCursor(scan.after, scan.order);
  const wanted = wantedStates(scan.states, byDeath);
  const isWanted = (row: number): boolean =>
    wanted[columns.state.get(row)] === true && belongs(row);

  const runs: Run[] = [];
  let run = new OpenRun();
  const { pages } = columns;
  for (let page = 0; page < pages; page++) {
    const keys = key.page(page);
    const found = columns.state.page(page);
    const slots = columns.lane.page(page);
    if (keys === undefined || found === undefined || slots === undefined) continue;
    // by lane, and for this page only: the slot may be another lane's by the next step
    const lanes: boolean[] = [];
    for (let at = 0; at < ROWS_PER_PAGE; at++) {
      const place = keys[at] ?? 0;
      if (place <= after || wanted[found[at] ?? 0] !== true) continue;
      const row = page * ROWS_PER_PAGE + at;
      const isInLane = (lanes[slots[at] ?? 0] ??= belongs(row));
      if (!isInLane) continue;
      run.add(row, place);
      if (!run.isFull) continue;
      runs.push(run.close());
      run = new OpenRun();
    }
    yield [];
  }
  if (run.size > 0) runs.push(run.close());

  const merge = new Merge(runs);
  let slice: number[] = [];
  for (let next = merge.take(); next !== undefined; next = merge.take()) {
    const row = next.rows[next.at] ?? 0;
    if (key.get(row) === next.keys[next.at] && isWanted(row)) slice.push(row);
    next.at++;
    if (slice.length < SLICE_ROWS) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** A run that rows are still added to. Its arrays hold no objects: there may be a million rows. */
class OpenRun {
  readonly #rows = new Uint32Array(RUN_ROWS);
  readonly #keys = new Float64Array(RUN_ROWS);
  size = 0;
  #isSorted = true;

  get isFull(): boolean {
    return this.size === RUN_ROWS;
  }

  add(row: number, key: number): void {
    if (this.size > 0 && key < (this.#keys[this.size - 1] ?? 0)) this.#isSorted = false;
    this.#rows[this.size] = row;
    this.#keys[this.size] = key;
    this.size++;
  }

  /** In the order of the keys as they were added: a row may have another one by now. */
  close(): Run {
    const rows = this.#rows.subarray(0, this.size);
    const keys = this.#keys.subarray(0, this.size);
    if (this.#isSorted) return { rows, keys, at: 0 };
    const order = Uint32Array.from(rows, (_, at) => at);
    order.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
    return { rows: order.map((at) => rows[at] ?? 0), keys: keys.sort(), at: 0 };
  }
}

/** Gives the run whose next key is the lowest, again and again: a binary heap of runs. */
class Merge {
  readonly #heap: Run[];

  constructor(runs: readonly Run[]) {
    this.#heap = [...runs].sort((a, b) => keyOf(a) - keyOf(b));
  }

  /** The run to read from; its `at` has grown by one when it is asked for the next time. */
  take(): Run | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    if (first.at === first.rows.length) {
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return undefined;
      heap[0] = last;
    }
    this.#sink();
    return heap[0];
  }

  #sink(): void {
    const heap = this.#heap;
    const sinking = heap[0];
    if (sinking === undefined) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const next = right !== undefined && keyOf(right) < keyOf(left) ? 2 * at + 2 : 2 * at + 1;
      const smaller = heap[next];
      if (smaller === undefined || keyOf(smaller) >= keyOf(sinking)) break;
      heap[at] = smaller;
      at = next;
    }
    heap[at] = sinking;
  }
}

function keyOf(run: Run): number {
  return run.keys[run.at] ?? Infinity;
}
