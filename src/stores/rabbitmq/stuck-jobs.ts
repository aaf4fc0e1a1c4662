import type { HeldJob, HeldJobs } from './held-jobs.ts';

/** Whether nothing but a function stands in the way of a job. */
export function isLeasable(held: HeldJobs, { row, coming }: HeldJob): boolean {
  const { table } = held.lanes;
  if (coming !== null || table.progressOf(row).state !== 'waiting') return false;
  return table.columns.position.get(row) !== 0 && table.columns.hold.get(row) === 0;
}

/** Functions for which jobs of a queue are waiting here. */
export function awaitedFunctions(held: HeldJobs, queue: string): string[] {
  const lanes = [...held.lanes.table.line(queue).lanes.values()];
  return lanes.filter(({ leasable }) => leasable.size > 0).map(({ functionId }) => functionId);
}

/** Jobs of a queue that nobody here can run, oldest first. */
export function stuckJobs(
  held: HeldJobs,
  queue: string,
  offers: (functionId: string) => boolean,
): HeldJob[] {
  return held
    .ofQueue(queue)
    .filter((job) => !offers(job.stored.functionId) && isLeasable(held, job));
}
