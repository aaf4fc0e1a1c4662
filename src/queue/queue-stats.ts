import type { JobTable } from './job-table.ts';
import type { QueueLine } from './queue-line.ts';
import { ROW } from './row-state.ts';
import type { QueueStats } from './store.ts';

/** The counts of every queue; one pass over all rows finds the oldest waiting jobs. */
export function queueStats(table: JobTable): Map<string, QueueStats> {
  const oldest = oldestWaiting(table);
  const stats = new Map<string, QueueStats>();
  for (const line of table.lines.values()) {
    const waitingByFunction = new Map<string, number>();
    for (const lane of line.lanes.values()) {
      if (lane.waiting > 0) waitingByFunction.set(lane.functionId, lane.waiting);
    }
    stats.set(line.name, {
      waiting: line.count(ROW.waiting),
      delayed: line.count(ROW.delayed),
      inFlight: line.count(ROW.inFlight),
      dead: line.count(ROW.dead),
      retained: line.retained.count,
      oldestWaitingAt: oldest.get(line) ?? null,
      waitingByFunction,
      groups: line.fifo ? line.groupsAlive : 0,
      paused: line.paused,
      totals: { ...line.totals },
    });
  }
  return stats;
}

function oldestWaiting(table: JobTable): Map<QueueLine, number> {
  const oldest = new Map<QueueLine, number>();
  const { state, enqueuedAt } = table.columns;
  table.columns.forEach((row) => {
    if (state.get(row) !== ROW.waiting) return;
    const line = table.lineOf(row);
    const at = enqueuedAt.get(row);
    if (at < (oldest.get(line) ?? Infinity)) oldest.set(line, at);
  });
  return oldest;
}
