import type { QueueDetail, QueueSummary } from '../contract.ts';
import type { Input } from '../input.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { findQueue, knownQueues, type KnownQueue } from './queue-names.ts';

export function queueHandlers(
  parts: AdminParts,
): AdminHandlers<
  'iii::queue::list' | 'iii::queue::get' | 'iii::queue::pause' | 'iii::queue::resume'
> {
  const { engine } = parts;
  const setPaused = async (input: Input, paused: boolean) => {
    const queue = input.string('queue');
    const { stats } = await findQueue(engine, queue);
    const changed = stats.paused !== paused;
    if (changed && !input.flag('dryRun')) await engine.pauseQueue(queue, paused);
    return { queue, paused, changed };
  };
  return {
    'iii::queue::list': async () => {
      // The queues of subscriptions are listed with their topics.
      const queues = [...(await knownQueues(engine)).values()].filter(
        ({ policy }) => engine.topics.get(policy.name) === undefined,
      );
      return { queues: queues.map((queue) => summarise(queue, parts)) };
    },
    'iii::queue::get': async (input) =>
      detail(await findQueue(engine, input.string('queue')), parts),
    'iii::queue::pause': (input) => setPaused(input, true),
    'iii::queue::resume': (input) => setPaused(input, false),
  };
}

function summarise({ policy, stats }: KnownQueue, { engine, activity }: AdminParts): QueueSummary {
  const { name, type } = policy;
  const { paused, waiting, delayed, inFlight, dead, oldestWaitingAt, totals } = stats;
  const functionIds = new Set([...stats.waitingByFunction.keys(), ...activity.functionsOf(name)]);
  const workers = new Set(
    [...functionIds].flatMap((id) => engine.functions.get(id)?.workers ?? []),
  );
  return {
    name,
    type,
    paused,
    waiting,
    delayed,
    inFlight,
    dead,
    oldestWaitingMs:
      oldestWaitingAt === null ? null : Math.max(0, engine.clock.now() - oldestWaitingAt),
    workers: workers.size,
    inPerSecond: activity.inPerSecond(name),
    outPerSecond: activity.outPerSecond(name),
    totals,
  };
}

function detail(queue: KnownQueue, parts: AdminParts): QueueDetail {
  const { policy, stats } = queue;
  const summary = summarise(queue, parts);
  const { waiting, delayed, outPerSecond } = summary;
  const waitingFor = [...stats.waitingByFunction]
    .filter(([functionId]) => !parts.engine.functions.isOffered(functionId))
    .map(([functionId, jobs]) => ({ functionId, jobs }));
  const drains = outPerSecond > 0 && waiting + delayed > 0;
  return {
    ...summary,
    config: policy,
    waitingFor,
    groups: stats.groups,
    drainMs: drains ? Math.round(((waiting + delayed) / outPerSecond) * 1_000) : null,
  };
}
