import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { undoList } from '../../views/task.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { tasks } = await engine.call('iii::undo::list', {});
    return { rows: tasks, view: undoList };
  });
};
