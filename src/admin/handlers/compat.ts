import { IiiError } from '../../base/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { QueueStats } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import { invalid, type Input } from '../input.ts';
import { discardOne, listDead, redriveAll, redriveExactly } from './dead-letters.ts';
import type { AdminParts, Handler } from './handler.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './jobs.ts';
import { findQueue, type KnownQueue, knownQueues, queuesOfDeadLetters } from './queue-names.ts';

/** What the original lists: a queue that is configured by name, or a topic with all subscriptions. */
interface Listed {
  readonly name: string;
  readonly brokerType: 'function_queue' | 'builtin';
  /** Of a queue what may run at the same time, of a topic its subscriptions. */
  readonly subscribers: number;
  readonly stats: Pick<QueueStats, 'waiting' | 'inFlight' | 'dead'>;
}

/** The queue functions of the original, under its names and in its shapes (wire-protocol.md §5.8). */
export function compatHandlers({ engine }: AdminParts): Readonly<Record<string, Handler>> {
  const selectOne = async (input: Input) => {
    const queue = queueName(input);
    const id = input.optionalString('message_id') ?? '';
    if (id === '') throw new IiiError('message_id_not_set', 'message_id is required');
    return { queues: await queuesOfDeadLetters(engine, queue), id };
  };
  const answerOne = (input: Input, wasMoved: boolean) => ({
    queue: queueName(input),
    message_id: input.string('message_id'),
    redriven: wasMoved ? 1 : 0,
  });
  return {
    'iii::queue::redrive': async (input, call, note) => {
      const queue = queueName(input);
      const queues = await queuesOfDeadLetters(engine, queue);
      const all = { queues, limit: Number.MAX_SAFE_INTEGER };
      const redriven = await redriveAll(engine, all, call);
      note.changed = redriven > 0;
      return { queue, redriven };
    },
    'iii::queue::redrive_message': async (input, call, note) => {
      const { queues, id } = await selectOne(input);
      const moved = await redriveExactly(engine, { queues, ids: [id], limit: 1 }, call);
      note.changed = moved.length > 0;
      return answerOne(input, note.changed);
    },
    'iii::queue::discard_message': async (input, _call, note) => {
      const { queues, id } = await selectOne(input);
      note.changed = await discardOne(engine, queues, id);
      return answerOne(input, note.changed);
    },
    'engine::queue::list_topics': async () =>
      (await listAsOriginal(engine)).map(({ name, brokerType, subscribers }) => ({
        name,
        broker_type: brokerType,
        subscriber_count: subscribers,
      })),
    'engine::queue::topic_stats': async (input) => {
      const name = topicName(input);
      const listed = (await listAsOriginal(engine)).find((one) => one.name === name);
      const { stats, subscribers } = listed ?? asQueue(await findQueue(engine, name));
      return {
        depth: stats.waiting + stats.inFlight,
        consumer_count: subscribers,
        dlq_depth: stats.dead,
        config: null,
      };
    },
    'engine::queue::dlq_topics': async () =>
      (await listAsOriginal(engine))
        .filter(({ stats }) => stats.dead > 0)
        .map(({ name, brokerType, stats }) => ({
          topic: name,
          broker_type: brokerType,
          message_count: stats.dead,
        })),
    'engine::queue::dlq_messages': async (input) => {
      const queues = await queuesOfDeadLetters(engine, topicName(input));
      const offset = input.optionalCount('offset', 1_000_000) ?? 0;
      const limit = input.optionalCount('limit', MAX_PAGE) ?? DEFAULT_PAGE;
      const jobs = await listDead(engine, queues, offset + limit, 'last_died');
      return jobs.slice(offset).map(deadMessage);
    },
  };
}

/** The queues first, so that of two with one name the queue is meant. */
async function listAsOriginal(engine: Engine): Promise<readonly Listed[]> {
  const queues: Listed[] = [];
  const topics = new Map<string, Listed>();
  for (const known of (await knownQueues(engine)).values()) {
    const topic = engine.topics.get(known.policy.name)?.topic;
    if (topic === undefined) {
      queues.push(asQueue(known));
      continue;
    }
    const { subscribers, stats } = topics.get(topic) ?? NO_SUBSCRIPTION;
    const { waiting, inFlight, dead } = known.stats;
    topics.set(topic, {
      name: topic,
      brokerType: 'builtin',
      subscribers: subscribers + 1,
      stats: {
        waiting: stats.waiting + waiting,
        inFlight: stats.inFlight + inFlight,
        dead: stats.dead + dead,
      },
    });
  }
  return [...queues, ...topics.values()];
}

const NO_SUBSCRIPTION = { subscribers: 0, stats: { waiting: 0, inFlight: 0, dead: 0 } };

function asQueue({ policy, stats }: KnownQueue): Listed {
  const { name, concurrency: subscribers } = policy;
  return { name, brokerType: 'function_queue', subscribers, stats };
}

function queueName(input: Input): string {
  const queue = input.optionalString('queue') ?? input.optionalString('topic') ?? '';
  if (queue === '') throw new IiiError('queue_not_set', 'queue is required');
  return queue;
}

function topicName(input: Input): string {
  const topic = input.optionalString('topic') ?? input.optionalString('queue') ?? '';
  if (topic === '') throw new IiiError('topic_required', 'topic is required');
  return topic;
}

function deadMessage(job: Job): Record<string, unknown> {
  if (job.failure === null) throw invalid(`job '${job.id}' is not dead`);
  const { failedAt, error } = job.failure;
  return {
    id: job.id,
    payload: JSON.parse(job.payload) as unknown,
    error: error.message,
    failed_at: Math.floor(failedAt / 1_000),
    retries: job.attempts,
    size_bytes: Buffer.byteLength(job.payload),
  };
}
