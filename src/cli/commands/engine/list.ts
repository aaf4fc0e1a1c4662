import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { engineList } from '../../views/engine.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { engines } = await engine.call('iii::engine::list', {});
    return { rows: engines, view: engineList };
  });
};
