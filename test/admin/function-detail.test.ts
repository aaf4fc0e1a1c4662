import { describe, expect, it } from 'vitest';
import type { FunctionDetail } from '../../src/admin/function-contract.ts';
import { policy, startEngine, type EngineFixture } from '../support/engine-fixture.ts';

const QUEUES = [policy('default'), policy('payment')];

async function get({ admin }: EngineFixture, functionId: string): Promise<FunctionDetail> {
  return (await admin('iii::function::get', { functionId })) as FunctionDetail;
}

describe('iii::function::get', () => {
  it('tells who offers a function, since when, and what each of them does', async () => {
    const engine = await startEngine(QUEUES);
    const first = engine.worker();
    first.offer('orders::charge', 'orders::refund');
    await engine.advance(1_000);
    const second = engine.worker();
    second.offer('orders::charge');
    await engine.enqueue('orders::charge', {}, { queue: 'payment' });
    await engine.advance();
    const detail = await get(engine, 'orders::charge');
    expect(detail).toMatchObject({ kind: 'worker', inFlight: 1, elsewhere: 0 });
    expect(detail.offers.map(({ inFlight }) => inFlight).sort()).toEqual([0, 1]);
    const [earlier = '', later = ''] = detail.offers.map(({ connectedAt }) => connectedAt).sort();
    expect(Date.parse(later) - Date.parse(earlier)).toBe(1_000);
    expect(detail.queues).toEqual([{ queue: 'payment', waiting: 0 }]);
  });

  it('tells what refers to it: jobs that wait, triggers, subscriptions, and conditions', async () => {
    const engine = await startEngine(QUEUES);
    const worker = engine.worker();
    worker.offer('mails::send', 'mails::wanted');
    await engine.admin('iii::queue::pause', { queue: 'default' });
    await engine.enqueue('mails::send', {});
    worker.bind('queue', 'mails::send', {
      topic: 'order.created',
      condition_function_id: 'mails::wanted',
    });
    worker.bind('state', 'mails::send', { scope: 'orders' });
    await engine.advance();
    const called = await get(engine, 'mails::send');
    expect(called.queues).toEqual([{ queue: 'default', waiting: 1 }]);
    expect(called.triggers.find(({ type }) => type === 'state')).toMatchObject({
      as: 'function',
      config: { scope: 'orders' },
    });
    expect(called.subscriptions).toEqual([
      expect.objectContaining({ topic: 'order.created', as: 'function', waiting: 0, dead: 0 }),
    ]);
    const asked = await get(engine, 'mails::wanted');
    expect(asked.subscriptions).toMatchObject([{ topic: 'order.created', as: 'condition' }]);
  });

  it('knows one that nobody offers while jobs wait for it', async () => {
    const engine = await startEngine(QUEUES);
    await engine.enqueue('orders::charge', {}, { queue: 'payment' });
    expect(await get(engine, 'orders::charge')).toMatchObject({
      kind: null,
      offers: [],
      queues: [{ queue: 'payment', waiting: 1 }],
    });
  });

  it("shows the engine's own ones too", async () => {
    const engine = await startEngine(QUEUES);
    expect(await get(engine, 'iii::queue::list')).toMatchObject({ kind: 'engine', offers: [] });
  });

  it('names the nearest one when a function is not known', async () => {
    const engine = await startEngine(QUEUES);
    const client = engine.worker();
    client.offer('orders::charge');
    const answerTo = async (functionId: string): Promise<unknown> => {
      const function_id = 'iii::function::get';
      const data = { functionId };
      client.say({ type: 'invokefunction', invocation_id: functionId, function_id, data });
      await engine.advance();
      return client.results().at(-1)?.['error'];
    };
    expect(await answerTo('orders::chrage')).toMatchObject({
      code: 'function_not_found',
      hint: "Did you mean 'orders::charge'? All functions: iii function list",
    });
    expect(await answerTo('warehouse')).toMatchObject({ hint: 'iii function list' });
  });
});
