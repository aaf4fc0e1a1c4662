import { NO_ROW } from './columns.ts';
import type { JobTable } from './job-table.ts';
import type { QueueLine } from './queue-line.ts';
import { ROW } from './row-state.ts';

/** The dead rows of these queues with one of these ids that nobody has reserved, oldest death first. */
export function deadRowsAmong(
  table: JobTable,
  ids: readonly string[],
  lines: ReadonlySet<QueueLine>,
): number[] {
  const { state, hold, deathOrder } = table.columns;
  const rows = new Set<number>();
  for (const id of ids) {
    const row = table.find(id);
    if (row === NO_ROW || state.get(row) !== ROW.dead || hold.get(row) !== 0) continue;
    if (lines.has(table.lineOf(row))) rows.add(row);
  }
  return [...rows].sort((a, b) => deathOrder.get(a) - deathOrder.get(b));
}

/** The row of these queues that died first and that nobody has reserved; `NO_ROW` when none is dead. */
export function firstDeadRow(table: JobTable, lines: ReadonlySet<QueueLine>): number {
  const { deathOrder } = table.columns;
  let first = NO_ROW;
  for (const line of lines) {
    const row = line.dead.first();
    if (row === NO_ROW) continue;
    if (first === NO_ROW || deathOrder.get(row) < deathOrder.get(first)) first = row;
  }
  return first;
}
