import type { RunCommand } from '../../command.ts';
import { undoList } from '../../views/task.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { tasks } = await engine.call('iii::undo::list', {});
  await context.output.list(tasks, undoList);
  return 0;
};
