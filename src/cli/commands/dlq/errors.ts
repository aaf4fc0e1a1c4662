import { readSelector } from '../../bulk/selector.ts';
import type { RunCommand } from '../../command.ts';
import { clusterList } from '../../views/task.ts';

export const run: RunCommand = async (context, input) => {
  const queue = input.argument('queue');
  const engine = await context.engine();
  const progress = context.output.progress('looking through the dead jobs');
  const selector = readSelector(context, input);
  const answer = engine.call('iii::dlq::errors', { queue, ...selector });
  const { clusters } = await answer.finally(() => progress.stop());
  await context.output.list(clusters, clusterList(queue));
  return 0;
};
