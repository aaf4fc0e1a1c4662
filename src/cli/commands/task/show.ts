import type { RunCommand } from '../../command.ts';
import { taskRecord } from '../../views/task.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const task = await engine.call('iii::task::get', { id: input.argument('task') });
  await context.output.record(task, taskRecord);
  return 0;
};
