import { readDeadSelector } from '../../bulk/selector.ts';
import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { clusterList } from '../../views/task.ts';

export const run: RunCommand = async (context, input) => {
  const queue = input.argument('queue');
  const selector = await readDeadSelector(context, input);
  const engine = await context.engine();
  return showList(context, input, async () => {
    const progress = context.output.progress('looking through the dead jobs');
    const answer = engine.call('iii::dlq::errors', { queue, ...selector });
    const { clusters } = await answer.finally(() => progress.stop());
    return { rows: clusters, view: clusterList(queue) };
  });
};
