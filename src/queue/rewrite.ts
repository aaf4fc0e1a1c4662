import { NO_ROW } from './columns.ts';
import type { Lanes, RestoredJob } from './lanes.ts';
import { ROW } from './row-state.ts';
import type { Rewrite } from './store.ts';

/** A rewrite whose rows are reserved, to be carried out or undone. */
export interface ReservedRewrite {
  /** The job as it will be. Its death order is 0 when it is to be the next one. */
  readonly job: RestoredJob;
  /** What is there now; `NO_ROW` when nothing is. */
  readonly before: number;
  /** The finished job that gave way, by `seq`; 0 when there was none. Undoing does not bring it back. */
  readonly replacedSeq: number;
  /** Keeps the id for a job that was not there; `NO_ROW` otherwise. */
  readonly placeholder: number;
}

/**
 * Reserves what a rewrite needs; `null` when what it expects is not there, or when its dedup key
 * belongs to another job.
 * @param forgetting called just before the row of a finished job is freed
 */
export function reserveRewrite(
  lanes: Lanes,
  { job, expects }: Rewrite,
  forgetting: (row: number) => void,
): ReservedRewrite | null {
  const { table } = lanes;
  const { columns } = table;
  const found = table.find(job.id);
  const holder =
    job.dedupKey === null ? undefined : table.line(job.queue).takenKeys.get(job.dedupKey);
  if (holder !== undefined && holder !== found) return null;
  const state = found === NO_ROW ? ROW.free : columns.state.get(found);

  if (expects === 'absent') {
    const isFinished = state === ROW.completed || state === ROW.discarded;
    if (state !== ROW.free && !isFinished) return null;
    const replacedSeq = isFinished ? columns.seq.get(found) : 0;
    if (isFinished) {
      table.lineOf(found).retained.remove(found);
      forgetting(found);
      table.forget(found);
    }
    const restored = restoredOf(job, job.seq || lanes.takeNumber('accepted'), job.epoch + 1);
    const placeholder = table.add(restored, table.line(job.queue), restored.seq);
    return { job: restored, before: NO_ROW, replacedSeq, placeholder };
  }

  if (
    state !== ROW[STATE_NAMES[expects.state] ?? 'free'] ||
    columns.epoch.get(found) !== expects.epoch
  ) {
    return null;
  }
  const reserved =
    state === ROW.dead
      ? lanes.reserveDead({ queues: [table.lineOf(found).name], ids: [job.id], limit: 1 })[0]
      : lanes.reserveWaiting(job.id);
  if (reserved === undefined || reserved === NO_ROW) return null;
  const staysDead = state === ROW.dead && job.state === 'dead';
  const epoch = Math.max(job.epoch, expects.epoch) + 1;
  const restored = restoredOf(job, job.seq || columns.seq.get(found), epoch);
  return {
    job: { ...restored, deathOrder: staysDead ? columns.deathOrder.get(found) : 0 },
    before: found,
    replacedSeq: 0,
    placeholder: NO_ROW,
  };
}

/** Carries a reserved rewrite out. Answers the job's row. */
export function applyRewrite(lanes: Lanes, rewrite: ReservedRewrite, now: number): number {
  const { table } = lanes;
  const { job, before, placeholder } = rewrite;
  if (placeholder !== NO_ROW) lanes.withdraw(placeholder);
  if (before !== NO_ROW) {
    table.order.withdraw(before);
    table.columns.hold.set(before, 0);
    // a state in which it does not keep the head of its group
    table.order.setState(before, ROW.discarded);
    table.order.leave(before, now);
    table.forget(before);
  }
  const isTaken = job.dedupKey !== null && table.line(job.queue).takenKeys.has(job.dedupKey);
  return lanes.restore(isTaken ? { ...job, dedupKey: null } : job, now);
}

/** Leaves everything as it was, but for a finished job that gave way. */
export function undoRewrite(
  lanes: Lanes,
  { before, placeholder }: ReservedRewrite,
  now: number,
): void {
  if (placeholder !== NO_ROW) lanes.withdraw(placeholder);
  if (before !== NO_ROW) lanes.release(before, now);
}

const STATE_NAMES: Readonly<Record<string, keyof typeof ROW>> = {
  waiting: 'waiting',
  delayed: 'delayed',
  dead: 'dead',
};

function restoredOf(job: Rewrite['job'], seq: number, epoch: number): RestoredJob {
  return {
    id: job.id,
    queue: job.queue,
    functionId: job.functionId,
    group: job.group,
    priority: job.priority,
    enqueuedAt: job.enqueuedAt,
    dueAt: job.dueAt,
    expiresAt: job.state === 'dead' ? null : job.expiresAt,
    dedupKey: job.dedupKey,
    seq,
    state: job.state,
    attempts: job.attempts,
    interruptions: job.interruptions,
    epoch,
    stampAt: job.state === 'dead' ? (job.failure?.failedAt ?? 0) : 0,
    deathOrder: 0,
    bytes: 0,
  };
}
