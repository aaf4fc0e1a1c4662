import type { RunCommand } from '../../command.ts';
import { subscriptionList } from '../../views/topic.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { topics } = await engine.call('iii::topic::list', {});
  const subscriptions = topics.flatMap((topic) => topic.subscriptions);
  await context.output.list(subscriptions, subscriptionList);
  return 0;
};
