import type { RunCommand } from '../../command.ts';
import { taskList } from '../../views/task.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { tasks } = await engine.call('iii::task::list', {});
  await context.output.list(tasks, taskList);
  return 0;
};
