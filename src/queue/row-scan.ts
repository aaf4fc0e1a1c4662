import type { Columns } from './columns.ts';
import { readCursor } from './cursor.ts';
import { ROW, stateName } from './row-state.ts';
import type { JobScan } from './store.ts';
import type { JobState } from './types.ts';

/** Rows sorted in one go, and rows given at once: each takes a few milliseconds at most. */
const RUN_ROWS = 8_192;
const SLICE_ROWS = 256;

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
  const states = scan.states === null ? null : new Set<JobState>(scan.states);
  const isWanted = (row: number): boolean => {
    const state = columns.state.get(row);
    const name = stateName(state);
    if (name === undefined || (byDeath && state !== ROW.dead)) return false;
    return (states === null || states.has(name)) && belongs(row);
  };

  const runs: Run[] = [];
  let collected: number[] = [];
  const { pages } = columns;
  for (let page = 0; page < pages; page++) {
    columns.forEachOf(page, (row) => {
      if (key.get(row) > after && isWanted(row)) collected.push(row);
    });
    for (; collected.length >= RUN_ROWS; collected = collected.slice(RUN_ROWS)) {
      runs.push(sortRun(collected.slice(0, RUN_ROWS), key));
      yield [];
    }
    yield [];
  }
  if (collected.length > 0) runs.push(sortRun(collected, key));

  const merge = new Merge(runs);
  let slice: number[] = [];
  for (let run = merge.take(); run !== undefined; run = merge.take()) {
    const row = run.rows[run.at] ?? 0;
    if (key.get(row) === run.keys[run.at] && isWanted(row)) slice.push(row);
    run.at++;
    if (slice.length < SLICE_ROWS) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

function sortRun(rows: number[], key: Columns['seq']): Run {
  const isSorted = rows.every((row, at) => at === 0 || key.get(rows[at - 1] ?? 0) < key.get(row));
  if (!isSorted) rows.sort((a, b) => key.get(a) - key.get(b));
  return {
    rows: Uint32Array.from(rows),
    keys: Float64Array.from(rows, (row) => key.get(row)),
    at: 0,
  };
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
