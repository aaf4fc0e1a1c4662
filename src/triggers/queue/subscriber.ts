import type { Logger } from '../../base/logger.ts';
import type { TriggerType } from '../../engine/bindings.ts';
import { readSubscription, subscriptionQueue } from '../../engine/subscription.ts';
import type { Topics } from '../../engine/topics.ts';

/**
 * The trigger types `queue` and `durable:subscriber`: two names, one meaning. A binding begins a
 * durable subscription, or joins the one its topic and function already have. Losing the worker does
 * not end it; unregistering its last binding does.
 */
export function subscriberTypes(topics: Topics, log: Logger): readonly TriggerType[] {
  /** Live bindings by subscription. */
  const bindings = new Map<string, Set<string>>();
  const type = (id: string): TriggerType => ({
    id,
    description:
      'Calls the function for each message of a topic, with retries and a dead-letter queue',
    bind: (binding, warn) => {
      const { functionId, config, metadata } = binding;
      const { subscription, warnings } = readSubscription(functionId, config, metadata);
      const queue = subscription.policy.name;
      for (const warning of warnings) {
        warn(warning);
        const facts = { function: functionId, topic: subscription.topic, warning };
        log.warn('a setting of a subscription means nothing here', facts);
      }
      bindings.set(queue, (bindings.get(queue) ?? new Set()).add(binding.id));
      topics.subscribeSoon(subscription);
    },
    unbind: (binding, cause) => {
      const { topic } = binding.config as { topic: string };
      const queue = subscriptionQueue(topic, binding.functionId);
      const live = bindings.get(queue);
      live?.delete(binding.id);
      if (live !== undefined && live.size > 0) return;
      bindings.delete(queue);
      if (cause === 'unregistered') topics.unsubscribeSoon(queue);
    },
  });
  return [type('queue'), type('durable:subscriber')];
}
