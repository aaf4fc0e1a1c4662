import { IiiError } from '../../base/errors.ts';
import type { Job } from '../../queue/types.ts';
import { invalid, type Input } from '../input.ts';
import { discardOne, listDead, redriveAll, redriveExactly } from './dead-letters.ts';
import type { AdminParts, Handler } from './handler.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './jobs.ts';
import { knownQueues, findQueue, queuesOfDeadLetters } from './queue-names.ts';

/** What the original calls a queue that is configured by name. */
const BROKER_TYPE = 'function_queue';

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
      [...(await knownQueues(engine)).values()].map(({ policy }) => ({
        name: policy.name,
        broker_type: BROKER_TYPE,
        subscriber_count: policy.concurrency,
      })),
    'engine::queue::topic_stats': async (input) => {
      const { policy, stats } = await findQueue(engine, topicName(input));
      return {
        depth: stats.waiting + stats.inFlight,
        consumer_count: policy.concurrency,
        dlq_depth: stats.dead,
        config: null,
      };
    },
    'engine::queue::dlq_topics': async () =>
      [...(await knownQueues(engine)).values()]
        .filter(({ stats }) => stats.dead > 0)
        .map(({ policy, stats }) => ({
          topic: policy.name,
          broker_type: BROKER_TYPE,
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
