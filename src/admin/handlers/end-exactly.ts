import type { Engine } from '../../engine/engine.ts';
import type { BulkAction, TaskRecord } from '../../engine/bulk/task.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { callerName } from './bulk-input.ts';

const LONGEST_MS = 24 * 3_600_000;

/** Ends exactly these jobs, so that it can be undone, and waits until it is done. */
export async function endExactly(
  engine: Engine,
  action: BulkAction,
  ids: readonly string[],
  call: LocalCall,
  queues: readonly string[] | null = null,
): Promise<TaskRecord> {
  return endJobs(engine, { action, queues, ids, limit: null }, call);
}

/** Ends these jobs, or all of some queues, so that it can be undone, and waits until it is done. */
export async function endJobs(
  { tasks }: Engine,
  what: {
    readonly action: BulkAction;
    readonly queues: readonly string[] | null;
    readonly ids: readonly string[] | null;
    readonly limit: number | null;
  },
  call: LocalCall,
): Promise<TaskRecord> {
  const { action, queues, ids, limit } = what;
  const { id } = await tasks.begin({
    action,
    selection: { queues, states: null, where: null, cluster: null, since: null, until: null },
    jobs: ids?.map((job) => ({ id: job, epoch: null })) ?? null,
    to: null,
    ratePerSecond: null,
    limit,
    canary: null,
    keepsUndo: true,
    by: callerName(call),
  });
  return tasks.wait(id, LONGEST_MS);
}
