import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { queueList } from '../../views/queue.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { queues } = await engine.call('iii::queue::list', {});
    return { rows: queues, view: queueList };
  });
};
