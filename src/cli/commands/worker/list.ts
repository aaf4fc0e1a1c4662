import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { workerList } from '../../views/connected.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { workers } = await engine.call('iii::worker::list', {});
    return { rows: workers, view: workerList };
  });
};
