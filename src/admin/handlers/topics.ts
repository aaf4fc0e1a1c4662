import { IiiError } from '../../base/errors.ts';
import { readMember } from '../../base/json.ts';
import { subscriptionQueue, type Subscription } from '../../engine/subscription.ts';
import type { QueueStats } from '../../queue/store.ts';
import type { SubscriptionView, TopicView } from '../contract.ts';
import type { Input } from '../input.ts';
import { redriveAll } from './dead-letters.ts';
import type { AdminHandlers, AdminParts, Handler } from './handler.ts';
import { queuesOfDeadLetters } from './queue-names.ts';

export function topicHandlers({
  engine,
}: AdminParts): AdminHandlers<'iii::topic::list' | 'iii::topic::unsubscribe'> {
  const { topics } = engine;
  return {
    'iii::topic::list': async () => {
      const stats = await engine.store.stats();
      const dropped = await topics.dropped.all();
      const skipped = await topics.skipped.all();
      const views = topics
        .list()
        .map((subscription) =>
          subscriptionView(
            subscription,
            stats.get(subscription.policy.name),
            engine.functions.get(subscription.functionId)?.workers.length ?? 0,
            skipped.get(subscription.policy.name) ?? 0,
          ),
        );
      const names = new Set([...views.map(({ topic }) => topic), ...dropped.keys()]);
      const result = [...names].sort().map((topic): TopicView => ({
        topic,
        dropped: dropped.get(topic) ?? 0,
        subscriptions: views.filter((view) => view.topic === topic),
      }));
      return { topics: result };
    },
    'iii::topic::unsubscribe': async (input) => {
      const topic = input.string('topic');
      const functionId = input.string('functionId');
      const queue = subscriptionQueue(topic, functionId);
      if (topics.get(queue) === undefined) {
        throw new IiiError('NOT_FOUND', `${functionId} is not subscribed to '${topic}'`, {
          hint: 'iii topic list',
        });
      }
      const stats = (await engine.store.stats()).get(queue);
      const jobsLeft = (stats?.waiting ?? 0) + (stats?.delayed ?? 0) + (stats?.dead ?? 0);
      const unsubscribed = input.flag('dryRun') ? false : await topics.unsubscribe(queue);
      return { topic, functionId, unsubscribed, jobsLeft };
    },
  };
}

/** Publishing, under the three names it had over time. */
export function publishHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  const publish: Handler = async (input, call) => {
    const topic = input.optionalString('topic') ?? '';
    const data = readMember(call.data, 'data') ?? 'null';
    await engine.topics.publish({
      topic,
      data,
      traceparent: input.optionalString('traceparent') ?? call.traceparent,
      baggage: input.optionalString('baggage') ?? call.baggage,
    });
    return null;
  };
  return { 'iii::durable::publish': publish, enqueue: publish, 'queue.enqueue': publish };
}

/** Dead letters of a topic, as the oldest documents count and redrive them. */
export function topicQueueHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  const queuesOf = (input: Input): Promise<string[]> => {
    const topic = input.optionalString('topic') ?? '';
    if (topic === '')
      throw new IiiError('topic_not_set', 'topic is required and must not be empty');
    return queuesOfDeadLetters(engine, topic);
  };
  return {
    'queue.dlq_count': async (input) => {
      const queues = await queuesOf(input);
      const stats = await engine.store.stats();
      return queues.reduce((total, queue) => total + (stats.get(queue)?.dead ?? 0), 0);
    },
    'queue.redrive_dlq': async (input, call, note) => {
      const all = { queues: await queuesOf(input), limit: Number.MAX_SAFE_INTEGER };
      const redriven = await redriveAll(engine, all, call);
      note.changed = redriven > 0;
      // the answer is a bare number
      Object.assign(note.facts, { topic: input.string('topic'), redriven });
      return redriven;
    },
  };
}

function subscriptionView(
  { topic, functionId, policy, conditionFunctionId, deadLetterTopic }: Subscription,
  stats: QueueStats | undefined,
  workers: number,
  skipped: number,
): SubscriptionView {
  return {
    topic,
    functionId,
    queue: policy.name,
    type: policy.type,
    maxAttempts: policy.maxAttempts,
    concurrency: policy.concurrency,
    conditionFunctionId,
    deadLetterTopic,
    workers,
    waiting: stats?.waiting ?? 0,
    delayed: stats?.delayed ?? 0,
    inFlight: stats?.inFlight ?? 0,
    dead: stats?.dead ?? 0,
    skipped,
  };
}
