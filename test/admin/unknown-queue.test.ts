import { beforeAll, describe, expect, it } from 'vitest';
import { type EngineFixture, policy, startEngine } from '../support/engine-fixture.ts';

const NAMES = ['payment', 'mail', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6'];

describe('a queue that does not exist', () => {
  let engine: EngineFixture;
  beforeAll(async () => {
    engine = await startEngine(NAMES.map((name) => policy(name)));
  });

  /** What a client is answered that asks for this queue. */
  async function answerTo(queue: string, function_id = 'iii::queue::get'): Promise<unknown> {
    const client = engine.worker();
    const data = { queue, topic: queue };
    client.say({ type: 'invokefunction', invocation_id: queue, function_id, data });
    await engine.advance();
    return client.results()[0]?.['error'];
  }

  it('is answered with the nearest name and a handful of those there are', async () => {
    expect(await answerTo('paymnet')).toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      message:
        "queue 'paymnet' does not exist; there are 'payment', 'mail', 'q1', 'q2', 'q3' and 3 more",
      hint: "Did you mean 'payment'? All queues: iii queue list",
    });
  });

  it.each(['queue.dlq_count', 'iii::dlq::list', 'iii::queue::redrive'])(
    'is answered by %s with the nearest topic, since that names dead letters too',
    async (function_id) => {
      engine.worker().bind('queue', 'f', { topic: 'orders' });
      await engine.advance();
      expect(await answerTo('ordres', function_id)).toMatchObject({
        code: 'QUEUE_NOT_FOUND',
        hint: "Did you mean 'orders'? All queues: iii queue list",
      });
    },
  );

  it('is answered with the way to the list when no name is near', async () => {
    expect(await answerTo('warehouse')).toMatchObject({ hint: 'iii queue list' });
  });

  it.each([
    ['mial', "Did you mean 'mail'? Use it, or add 'mial' under queue_configs"],
    ['warehouse', "Use one of them, or add 'warehouse' under queue_configs"],
  ])('takes no job, and the answer helps on: %s', async (queue, hint) => {
    await expect(engine.enqueue('send', {}, { queue })).rejects.toMatchObject({
      code: 'enqueue_error',
      message: `Queue '${queue}' not found; the queues of this engine are 'payment', 'mail', 'q1', 'q2', 'q3' and 3 more`,
      hint,
    });
  });
});
