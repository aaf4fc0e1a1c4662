import type { GroupMember, GroupScan, ScannedGroup, ScannedJob } from './store.ts';
import type { JobState } from './types.ts';

/** States of a job that can still run. */
export const ALIVE: readonly JobState[] = ['waiting', 'delayed', 'in_flight'];

/**
 * The groups of a queue, from all its jobs that can still run.
 * @param slices the jobs in the order of acceptance, as a scan of `ALIVE` shows them
 */
export async function* groupJobs(
  slices: AsyncIterable<readonly ScannedJob[]>,
  { only, most }: GroupScan,
): AsyncGenerator<readonly ScannedGroup[]> {
  const groups = new Map<string, { group: string; jobs: number; first: GroupMember[] }>();
  for await (const jobs of slices) {
    for (const job of jobs) {
      const key = job.group ?? '';
      if (only?.includes(key) === false) continue;
      const known = groups.get(key);
      if (known === undefined) {
        groups.set(key, { group: key, jobs: 1, first: [memberOf(job)] });
        continue;
      }
      known.jobs += 1;
      if (known.first.length < most) known.first.push(memberOf(job));
    }
  }
  yield [...groups.values()];
}

/** A scanned job is good for its slice only. */
function memberOf({ id, functionId, state, attempts, enqueuedAt, dueAt }: ScannedJob): GroupMember {
  return { id, functionId, state, attempts, enqueuedAt, dueAt };
}
