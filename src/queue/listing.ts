import type { Columns } from './columns.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { ROW, stateName } from './row-state.ts';
import type { JobFilter } from './store.ts';
import type { JobState } from './types.ts';

export interface RowPage {
  readonly rows: readonly number[];
  readonly nextCursor: string | null;
}

/**
 * One page of rows: a pass over all of them that keeps the first `limit` after the cursor. Needs no
 * order kept up to date while jobs run, at the price of reading every row once per page.
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
  const states = filter.states === null ? null : new Set<JobState>(filter.states);

  let kept: number[] = [];
  let last = Infinity;
  const cut = (): void => {
    kept.sort((a, b) => keyOf(a) - keyOf(b));
    kept = kept.slice(0, limit + 1);
    const worst = kept[limit];
    if (worst !== undefined) last = keyOf(worst);
  };
  columns.forEach((row) => {
    const at = keyOf(row);
    if (at <= after || at > last) return;
    const state = columns.state.get(row);
    const name = stateName(state);
    if (name === undefined || (byDeath && state !== ROW.dead)) return;
    if (states !== null && !states.has(name)) return;
    if (!matches(row)) return;
    kept.push(row);
    if (kept.length >= 2 * (limit + 1)) cut();
  });
  cut();

  if (kept.length <= limit) return { rows: kept, nextCursor: null };
  const rows = kept.slice(0, limit);
  const end = column.get(rows.at(-1) ?? 0);
  return { rows, nextCursor: writeCursor(filter.order, end) };
}
