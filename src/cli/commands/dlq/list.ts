import { readDeadSelector } from '../../bulk/selector.ts';
import type { RunCommand } from '../../command.ts';
import { printPages } from '../../pages.ts';
import { showList } from '../../show-list.ts';
import { withExactPayload } from '../../showing.ts';
import { usageError } from '../../usage.ts';
import { deadCounts, deadList } from '../../views/dead.ts';

export const run: RunCommand = async (context, input) => {
  const queue = input.optionalArgument('queue');
  if (queue === undefined) {
    if (input.hasAny(['where', 'state', 'cluster', 'since', 'until'])) {
      throw usageError(
        'a selector needs a queue',
        'iii dlq list <queue> --where …',
        'without a queue only the counts of all of them are listed',
      );
    }
    const engine = await context.engine();
    return showList(context, input, async () => {
      const { queues } = await engine.call('iii::dlq::summary', {});
      return { rows: queues, view: deadCounts };
    });
  }
  const selector = await readDeadSelector(context, input);
  return printPages(context, input, deadList(queue), async (page) => {
    const engine = await context.engine();
    const { jobs, ...rest } = await engine.call('iii::dlq::list', { queue, ...selector, ...page });
    return { rows: jobs.map(withExactPayload), ...rest };
  });
};
