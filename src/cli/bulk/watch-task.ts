import type { AdminClient } from '../../admin/client.ts';
import type { TaskView } from '../../admin/bulk-contract.ts';
import { IiiError } from '../../base/errors.ts';
import type { Context } from '../context.ts';
import { countOf } from '../../base/count.ts';

/** How often what a task has done is told. */
const STEP_MS = 1_000;
/** What the way there and back may take. */
const SLACK_MS = 10_000;

/** Waits until a task no longer runs, or the deadline is over, and shows how far it is. */
export async function watchTask(
  context: Context,
  engine: AdminClient,
  task: TaskView,
  deadline = Number.POSITIVE_INFINITY,
): Promise<TaskView> {
  const progress = context.output.progress(describeTask(task));
  let now = task;
  try {
    while (now.state === 'running') {
      const left = deadline - context.clock.now();
      if (left <= 0) break;
      const timeoutMs = Math.min(STEP_MS, left);
      now = await engine.call(
        'iii::task::wait',
        { id: task.id, timeoutMs },
        { timeoutMs: timeoutMs + SLACK_MS },
      );
      progress.update(describeTask(now));
    }
    return now;
  } catch (thrown) {
    throw thrown instanceof IiiError && !context.signal.aborted ? goesOn(thrown, task.id) : thrown;
  } finally {
    progress.stop();
  }
}

/** The engine may be gone, and the task is not: whoever began it has to be told how to find it. */
function goesOn(error: IiiError, task: string): IiiError {
  return new IiiError(error.code, error.message, {
    reason: error.reason,
    hint: `the task goes on when the engine runs again: iii task watch ${task}`,
    details: { ...error.details, task },
    cause: error,
  });
}

function describeTask({ id, action, changed, canary }: TaskView): string {
  const waiting = canary?.passed === false && canary.waiting > 0;
  const first = waiting ? `, waiting for ${countOf(canary.waiting, 'job')} released first` : '';
  return `task ${id}: ${action} ${countOf(changed, 'job')}${first}`;
}
