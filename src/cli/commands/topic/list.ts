import type { RunCommand } from '../../command.ts';
import { topicList, type TopicRow } from '../../views/topic.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { topics } = await engine.call('iii::topic::list', {});
  const { output } = context;
  if (!output.forPeople && output.format !== 'name') {
    await output.value(topics);
    return 0;
  }
  const rows = topics.flatMap(({ topic, dropped, subscriptions }): TopicRow[] =>
    subscriptions.length === 0
      ? [{ topic, dropped, subscription: null }]
      : subscriptions.map((subscription) => ({ topic, dropped, subscription })),
  );
  await output.list(rows, topicList);
  return 0;
};
