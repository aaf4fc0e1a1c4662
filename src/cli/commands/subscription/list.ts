import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { subscriptionList } from '../../views/topic.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { topics } = await engine.call('iii::topic::list', {});
    return { rows: topics.flatMap((topic) => topic.subscriptions), view: subscriptionList };
  });
};
