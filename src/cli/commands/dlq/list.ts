import type { RunCommand } from '../../command.ts';
import { printPages } from '../../pages.ts';
import { withExactPayload } from '../../showing.ts';
import { deadCounts, deadList } from '../../views/dead.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const queue = input.optionalArgument('queue');
  if (queue === undefined) {
    const { queues } = await engine.call('iii::dlq::summary', {});
    await context.output.list(queues, deadCounts);
    return 0;
  }
  await printPages(context, input, deadList(queue), async (page) => {
    const { jobs, ...rest } = await engine.call('iii::dlq::list', { queue, ...page });
    return { rows: jobs.map(withExactPayload), ...rest };
  });
  return 0;
};
