import type { Engine } from '../../engine/engine.ts';
import { isSubscriptionQueue } from '../../engine/subscription.ts';
import { defaultPolicy } from '../../queue/policy.ts';
import { queueNotFound } from '../../queue/queue-not-found.ts';
import type { QueueStats } from '../../queue/store.ts';
import type { QueuePolicy } from '../../queue/types.ts';

/** A queue with its settings and counts. One that left the configuration still has its jobs. */
export interface KnownQueue {
  readonly policy: QueuePolicy;
  readonly stats: QueueStats;
}

/** Every queue that is configured or still has jobs, by name. */
export async function knownQueues(engine: Engine): Promise<ReadonlyMap<string, KnownQueue>> {
  const known = new Map<string, KnownQueue>();
  for (const [name, stats] of await engine.store.stats()) {
    const policy = engine.queues.policyOf(name);
    // A store remembers every queue it ever had; of a subscription that ended nothing is left then.
    if (policy === undefined && isSubscriptionQueue(name) && isEmpty(stats)) continue;
    known.set(name, { policy: policy ?? defaultPolicy(name), stats });
  }
  return known;
}

function isEmpty({ waiting, delayed, inFlight, dead }: QueueStats): boolean {
  return waiting + delayed + inFlight + dead === 0;
}

/** @throws IiiError QUEUE_NOT_FOUND naming the nearest and some of the queues there are */
export async function findQueue(engine: Engine, name: string): Promise<KnownQueue> {
  const known = await knownQueues(engine);
  const queue = known.get(name);
  if (queue === undefined) throw queueNotFound(name, [...known.keys()]);
  return queue;
}

/**
 * The queues whose dead jobs a name stands for: the queue itself, and those that name it as their
 * dead-letter queue.
 * @throws IiiError QUEUE_NOT_FOUND naming the nearest and some of the queues there are
 */
export async function queuesOfDeadLetters(engine: Engine, name: string): Promise<string[]> {
  const known = await knownQueues(engine);
  const queues = [...known.values()]
    .filter(({ policy }) => policy.name === name || policy.deadLetterQueue === name)
    .map(({ policy }) => policy.name);
  if (queues.length === 0) {
    // a topic is the name of the dead letters of its subscriptions
    const kept = [...known.values()].map(({ policy }) => policy.deadLetterQueue);
    throw queueNotFound(name, [...new Set([...kept, ...known.keys()])]);
  }
  return queues;
}
