import type { Columns } from './columns.ts';
import { ROWS_PER_PAGE } from './columns.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ROW, ROW_STATES, stateName } from './row-state.ts';
import type { JobFilter } from './store.ts';
import type { JobState } from './types.ts';

/** Candidates collected before the surplus is dropped. */
const MOST_KEPT = 1_024;

export interface RowPage {
  readonly rows: readonly number[];
  readonly nextCursor: string | null;
}

/**
 * One page of rows: a pass over all of them that keeps the first `limit` after the cursor. Needs no
 * order kept up to date while jobs run, at the price of looking at every row once per page; it goes
 * through the columns themselves, which takes a few milliseconds for a million rows.
 * @param matches whether the rows of a lane are wanted; asked with one row of each
 */
export function listRows(
  columns: Columns,
  filter: JobFilter,
  matches: (row: number) => boolean,
): RowPage {
  const byDeath = filter.order !== 'accepted';
  const column = byDeath ? columns.deathOrder : columns.seq;
  const sign = filter.order === 'last_died' ? -1 : 1;
  const keyOf = (row: number): number => sign * column.get(row);
  const after = filter.cursor === null ? -Infinity : sign * readCursor(filter.cursor, filter.order);
  const limit = Math.max(1, Math.floor(filter.limit));
  const isWanted = wantedStates(filter.states, byDeath);
  const lanes: boolean[] = [];

  let kept: number[] = [];
  let last = Infinity;
  const most = Math.max(MOST_KEPT, 2 * (limit + 1));
  const cut = (): void => {
    kept.sort((a, b) => keyOf(a) - keyOf(b));
    kept = kept.slice(0, limit + 1);
    const worst = kept[limit];
    if (worst !== undefined) last = keyOf(worst);
  };
  const { pages } = columns;
  // in the direction in which keys mostly grow: once the page is full, the rest is only compared
  for (let step = 0; step < pages; step++) {
    const page = sign > 0 ? step : pages - 1 - step;
    const keys = column.page(page);
    const states = columns.state.page(page);
    const slots = columns.lane.page(page);
    if (keys === undefined || states === undefined || slots === undefined) continue;
    for (let at = 0; at < ROWS_PER_PAGE; at++) {
      const key = sign * (keys[at] ?? 0);
      if (key <= after || key > last || isWanted[states[at] ?? 0] !== true) continue;
      const row = page * ROWS_PER_PAGE + at;
      const isInLane = (lanes[slots[at] ?? 0] ??= matches(row));
      if (!isInLane) continue;
      kept.push(row);
      if (kept.length >= most) cut();
    }
    if (last === Infinity && kept.length > limit) cut();
  }
  cut();

  if (kept.length <= limit) return { rows: kept, nextCursor: null };
  const rows = kept.slice(0, limit);
  const end = column.get(rows.at(-1) ?? 0);
  return { rows, nextCursor: writeCursor(filter.order, end) };
}

/** Whether a row in each state is wanted, by its number. @param deadOnly whatever `states` says */
export function wantedStates(
  states: readonly JobState[] | null,
  deadOnly: boolean,
): readonly boolean[] {
  return Array.from({ length: ROW_STATES }, (_, state) => {
    const name = stateName(state);
    if (name === undefined || (deadOnly && state !== ROW.dead)) return false;
    return states === null || states.includes(name);
  });
}
