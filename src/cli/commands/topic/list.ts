import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { topicList, type TopicRow } from '../../views/topic.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { topics } = await engine.call('iii::topic::list', {});
    const rows = topics.flatMap(({ topic, dropped, subscriptions }): TopicRow[] =>
      subscriptions.length === 0
        ? [{ topic, dropped, subscription: null }]
        : subscriptions.map((subscription) => ({ topic, dropped, subscription })),
    );
    return { rows, view: topicList, machine: topics };
  });
};
