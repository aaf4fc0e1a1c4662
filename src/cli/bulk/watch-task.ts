import type { AdminClient } from '../../admin/client.ts';
import type { TaskView } from '../../admin/bulk-contract.ts';
import type { Context } from '../context.ts';
import { countOf } from '../../base/count.ts';

/** How often what a task has done is told. */
const STEP_MS = 1_000;

/** Waits until a task no longer runs, and shows how far it is. */
export async function watchTask(
  context: Context,
  engine: AdminClient,
  task: TaskView,
): Promise<TaskView> {
  const progress = context.output.progress(describeTask(task));
  let now = task;
  try {
    while (now.state === 'running') {
      now = await engine.call('iii::task::wait', { id: task.id, timeoutMs: STEP_MS });
      progress.update(describeTask(now));
    }
    return now;
  } finally {
    progress.stop();
  }
}

function describeTask({ id, action, changed, canary }: TaskView): string {
  const waiting = canary?.passed === false && canary.waiting > 0;
  const first = waiting ? `, waiting for ${countOf(canary.waiting, 'job')} released first` : '';
  return `task ${id}: ${action} ${countOf(changed, 'job')}${first}`;
}
