import { IiiError, messageOf } from '../../base/errors.ts';
import { readMember } from '../../base/json.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import type { LocalFunction } from '../../engine/functions.ts';
import { requiredText, warnOfStray } from '../config.ts';
import {
  checkCondition,
  CONDITION,
  fireTrigger,
  type FireParts,
  type TriggerEvent,
} from '../fire.ts';

/**
 * Publish and subscribe without keeping anything: a message goes to who is there now, at most once,
 * to all at the same time. Who needs more subscribes with `durable:subscriber`.
 */
export function pubSub(parts: FireParts): { type: TriggerType; publish: LocalFunction } {
  const subscribers = new Map<string, Binding>();
  const deliver = (topic: string, event: TriggerEvent): void => {
    for (const binding of subscribers.values()) {
      if (requiredText(binding.config, 'topic') !== topic) continue;
      fireTrigger(parts, binding, event).catch((thrown: unknown) => {
        parts.log.error('a message could not be delivered', { topic, error: messageOf(thrown) });
      });
    }
  };
  return {
    type: {
      id: 'subscribe',
      description: 'Calls the function for each message that is published while it is there',
      bind: (binding, warn) => {
        requiredText(binding.config, 'topic');
        checkCondition(binding.config);
        warnOfStray(binding, ['topic', CONDITION], warn, parts.log);
        subscribers.set(binding.id, binding);
      },
      unbind: (binding) => {
        subscribers.delete(binding.id);
      },
    },
    publish: {
      id: 'publish',
      description: 'Sends a message to everybody who subscribes to its topic now',
      access: 'trigger',
      internal: true,
      run: async ({ data: input, traceparent, baggage }) => {
        const topic: unknown = JSON.parse(readMember(input, 'topic') ?? '""');
        if (typeof topic !== 'string' || topic === '') {
          throw new IiiError('topic_not_set', 'topic is required and must not be empty');
        }
        deliver(topic, { data: readMember(input, 'data') ?? 'null', traceparent, baggage });
        return null;
      },
    },
  };
}
