import { countOf } from '../../base/count.ts';
import { IiiError } from '../../base/errors.ts';
import type { BulkAction, TaskRecord } from '../../engine/bulk/task.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { callerName } from './bulk-input.ts';

const LONGEST_MS = 24 * 3_600_000;

/**
 * Changes exactly these jobs as a task, and waits until it is done. Answers the ids of those that this
 * call changed: what else changed meanwhile is not among them.
 * @throws IiiError CONFLICT or UNAVAILABLE when it was not done to the end
 */
export async function changeExactly(
  engine: Engine,
  what: {
    readonly action: BulkAction;
    readonly queues: readonly string[] | null;
    readonly ids: readonly string[];
    readonly limit: number | null;
  },
  call: LocalCall,
): Promise<readonly string[]> {
  const changed: string[] = [];
  await changeJobs(engine, what, call, (ids) => changed.push(...ids));
  return changed;
}

/**
 * Changes these jobs, or all of some queues, as a task that survives the end of the engine, and waits
 * until it is done. What it ends can be undone.
 * @throws IiiError CONFLICT or UNAVAILABLE when it was not done to the end
 */
export async function changeJobs(
  { tasks }: Engine,
  what: {
    readonly action: BulkAction;
    readonly queues: readonly string[] | null;
    readonly ids: readonly string[] | null;
    readonly limit: number | null;
  },
  call: LocalCall,
  onChanged?: (ids: readonly string[]) => void,
): Promise<TaskRecord> {
  const { action, queues, ids, limit } = what;
  const request = {
    action,
    selection: { queues, states: null, where: null, cluster: null, since: null, until: null },
    jobs: ids?.map((job) => ({ id: job, epoch: null })) ?? null,
    to: null,
    ratePerSecond: null,
    limit,
    canary: null,
    keepsUndo: true,
    by: callerName(call),
  };
  const { id } = await tasks.begin(request, onChanged);
  const record = await tasks.wait(id, LONGEST_MS);
  if (record.state !== 'done') throw notDone(record);
  return record;
}

function notDone({ id, request, state, changed, why }: TaskRecord): IiiError {
  const isOver = state !== 'running' && state !== 'paused';
  return new IiiError(
    isOver ? 'CONFLICT' : 'UNAVAILABLE',
    `task '${id}' (${request.action}) is ${state} after ${countOf(changed, 'job')}`,
    {
      reason: why ?? 'the engine is stopping; it goes on with the task when it is started again',
      hint: isOver ? `iii task show ${id}` : `iii task resume ${id}`,
      details: { task: id, changed },
    },
  );
}
