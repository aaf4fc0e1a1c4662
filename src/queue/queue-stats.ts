import { ROWS_PER_PAGE } from './columns.ts';
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
  const { state, enqueuedAt, lane, pages } = table.columns;
  /** By slot of the lane. */
  const oldestOfLane: number[] = [];
  for (let page = 0; page < pages; page++) {
    const states = state.page(page);
    const times = enqueuedAt.page(page);
    const slots = lane.page(page);
    if (states === undefined || times === undefined || slots === undefined) continue;
    for (let at = 0; at < ROWS_PER_PAGE; at++) {
      if (states[at] !== ROW.waiting) continue;
      const slot = slots[at] ?? 0;
      const time = times[at] ?? 0;
      if (time < (oldestOfLane[slot] ?? Infinity)) oldestOfLane[slot] = time;
    }
  }
  const oldest = new Map<QueueLine, number>();
  for (const line of table.lines.values()) {
    for (const { slot } of line.lanes.values()) {
      const at = Math.min(oldest.get(line) ?? Infinity, oldestOfLane[slot] ?? Infinity);
      if (at < Infinity) oldest.set(line, at);
    }
  }
  return oldest;
}
