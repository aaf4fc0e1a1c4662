import { describe, expect, it } from 'vitest';
import { policy, startEngine } from '../support/engine-fixture.ts';

/** Topic `orders` with three subscriptions, two of which fail; and a queue `mail`. */
async function startOrders() {
  const fixture = await startEngine([policy('default'), policy('mail', { concurrency: 4 })]);
  const worker = fixture.worker();
  worker.onDelivery = ({ function_id }) =>
    function_id === 'ok' ? {} : { error: { code: 'x', message: 'no' } };
  worker.offer('ok', 'bad', 'worse');
  for (const functionId of ['ok', 'bad', 'worse']) {
    worker.bind('queue', functionId, { topic: 'orders', queue_config: { maxRetries: 1 } });
  }
  worker.bind('queue', 'away', { topic: 'orders' });
  for (const data of [1, 2]) await fixture.admin('enqueue', { topic: 'orders', data });
  await fixture.advance();
  return { ...fixture, of: worker };
}

describe('the listings of the original', () => {
  it('have one row for a topic, whatever its subscriptions are called here', async () => {
    const { admin } = await startOrders();
    const topics = (await admin('engine::queue::list_topics')) as { name: string }[];
    expect(topics.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: 'default', broker_type: 'function_queue', subscriber_count: 10 },
      { name: 'mail', broker_type: 'function_queue', subscriber_count: 4 },
      { name: 'orders', broker_type: 'builtin', subscriber_count: 4 },
    ]);
    expect(await admin('engine::queue::dlq_topics')).toEqual([
      { topic: 'orders', broker_type: 'builtin', message_count: 4 },
    ]);
  });

  it('take every name they give, and that of one subscription', async () => {
    const { admin } = await startOrders();
    const stats = { consumer_count: 4, dlq_depth: 4, depth: 2, config: null };
    expect(await admin('engine::queue::topic_stats', { topic: 'orders' })).toEqual(stats);
    expect(await admin('engine::queue::topic_stats', { topic: 'orders::bad' })).toMatchObject({
      dlq_depth: 2,
    });
    expect(await admin('engine::queue::dlq_messages', { topic: 'orders' })).toHaveLength(4);
    expect(await admin('queue.dlq_count', { topic: 'orders' })).toBe(4);
    expect(await admin('queue.redrive_dlq', { topic: 'orders' })).toBe(4);
    await expect(admin('engine::queue::topic_stats', { topic: 'order' })).rejects.toMatchObject({
      details: { code: 'QUEUE_NOT_FOUND' },
    });
  });

  it('name what is left of a subscription that ended by its queue', async () => {
    const { admin, advance } = await startOrders();
    await admin('iii::topic::unsubscribe', { topic: 'orders', functionId: 'bad' });
    await advance();
    expect(await admin('engine::queue::dlq_topics')).toEqual([
      { topic: 'orders::bad', broker_type: 'function_queue', message_count: 2 },
      { topic: 'orders', broker_type: 'builtin', message_count: 2 },
    ]);
    expect(await admin('queue.dlq_count', { topic: 'orders::bad' })).toBe(2);
    expect(await admin('queue.dlq_count', { topic: 'orders' })).toBe(2);
  });
});
