import { describe, expect, it } from 'vitest';
import { policy, startEngine } from '../support/engine-fixture.ts';

describe('an operator action', () => {
  const call = (function_id: string, data: object) => ({
    type: 'invokefunction',
    invocation_id: '11111111-1111-4111-8111-111111111111',
    function_id,
    data,
  });

  it('leaves one line that says who did what, and a rehearsal none', async () => {
    const { worker, advance, logged } = await startEngine();
    const operator = worker({ role: 'operate', tokenName: 'night-shift' });
    operator.say(call('iii::queue::pause', { queue: 'default', dryRun: true }));
    operator.say(call('iii::queue::pause', { queue: 'default' }));
    operator.say(call('iii::queue::list', {}));
    await advance();
    expect(logged.filter(({ message }) => message === 'operator action')).toEqual([
      {
        message: 'operator action',
        fields: {
          action: 'iii::queue::pause',
          by: 'night-shift',
          queue: 'default',
          paused: true,
          changed: true,
        },
      },
    ]);
  });

  it('that finds all as it was asked to be leaves none', async () => {
    const { admin } = await startEngine();
    await admin('iii::queue::pause', { queue: 'default' });
    await admin('iii::queue::pause', { queue: 'default' });
    await admin('iii::queue::resume', { queue: 'default' });
    await admin('iii::queue::resume', { queue: 'default' });
    const { entries } = (await admin('iii::audit::list')) as { entries: object[] };
    expect(entries).toMatchObject([
      { action: 'iii::queue::resume' },
      { action: 'iii::queue::pause' },
    ]);
  });

  it('of the oldest redrive says which topic, and how many', async () => {
    const { admin, advance, enqueue, worker } = await startEngine([
      policy('q', { maxAttempts: 1 }),
    ]);
    const w = worker();
    w.onDelivery = () => ({ error: { code: 'boom', message: 'no' } });
    w.offer('f');
    await enqueue('f', {}, { queue: 'q' });
    await advance();
    await admin('queue.redrive_dlq', { topic: 'q' });
    expect(await admin('iii::audit::list')).toMatchObject({
      entries: [{ action: 'queue.redrive_dlq', facts: { topic: 'q', redriven: 1 } }],
    });
  });

  it('that changed no job, or no setting, leaves none', async () => {
    const { admin, enqueue } = await startEngine();
    const id = await enqueue('orders::charge', { amount: 12 });
    const nobody = '22222222-2222-4222-8222-222222222222';
    const queue = 'default';
    await admin('iii::job::edit', { id, payloadText: '{ "amount": 12 }' });
    await admin('iii::job::cancel', { ids: [nobody] });
    await admin('iii::dlq::redrive', { queue });
    await admin('iii::dlq::redrive', { queue, ids: [nobody] });
    await admin('iii::dlq::discard', { queue, all: true });
    await admin('iii::dlq::import', { jobs: [] });
    await admin('iii::queue::redrive', { queue });
    await admin('iii::queue::redrive_message', { queue, message_id: nobody });
    await admin('iii::queue::discard_message', { queue, message_id: nobody });
    await admin('queue.redrive_dlq', { topic: queue });
    await admin('iii::config::apply', { queues: {} });
    await admin('iii::job::edit', { id, payloadText: '{ "amount": 13 }' });
    const { entries } = (await admin('iii::audit::list')) as { entries: { action: string }[] };
    // What a bulk task came to is kept, whatever it was.
    expect(entries.filter(({ action }) => !action.startsWith('task '))).toMatchObject([
      { action: 'iii::job::edit', facts: { id, changed: true } },
    ]);
  });
});
