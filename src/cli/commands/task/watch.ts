import { countOf } from '../../../base/count.ts';
import { watchTask } from '../../bulk/watch-task.ts';
import type { RunCommand } from '../../command.ts';
import { deadlineOf, tooLate } from '../../wait.ts';
import { taskRecord } from '../../views/task.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const task = await engine.call('iii::task::get', { id: input.argument('task') });
  context.afterInterrupt = `the engine goes on with it; iii task cancel ${task.id} ends it`;
  const ended = await watchTask(context, engine, task, deadlineOf(context));
  if (ended.state === 'running') {
    const reason = `${countOf(ended.changed, 'job')} of it are changed, and the engine goes on`;
    throw tooLate(
      `task ${task.id}`,
      context.settings.timeoutMs,
      reason,
      `iii task show ${task.id}`,
    );
  }
  await context.output.record(ended, taskRecord);
  return ended.state === 'done' ? 0 : 1;
};
