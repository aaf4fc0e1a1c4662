import { describe, expect, it } from 'vitest';
import { client } from '../../src/sdk/client.ts';
import { Logger } from '../../src/sdk/logger.ts';
import type { ProvidedTrigger } from '../../src/sdk/providers.ts';
import { eventually } from '../support/eventually.ts';
import { startEngine, startRelay, startWorker } from './harness.ts';

interface Order {
  readonly id: number;
  readonly priority: string;
}

describe('a trigger of a worker', () => {
  it('calls its function for each message, unless its condition says false', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const seen: number[] = [];
    worker.registerFunction('urgent', (order: Order) => seen.push(order.id));
    const trigger = worker.registerTrigger({
      type: 'queue',
      function_id: 'urgent',
      config: { topic: 'orders' },
      condition: (order: Order) => order.priority === 'high',
    });
    await worker.publish('orders', { id: 1, priority: 'low' });
    await worker.publish('orders', { id: 2, priority: 'high' });
    await eventually(() => seen.length === 1);
    expect(seen).toEqual([2]);
    trigger.unregister();
    await worker.publish('orders', { id: 3, priority: 'high' });
    const { topics } = await worker.call<{ topics: { topic: string; dropped: number }[] }>(
      'iii::topic::list',
      {},
    );
    expect(topics).toMatchObject([{ topic: 'orders', dropped: 1 }]);
  });

  it('tells its worker of settings that mean nothing', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('on', () => undefined);
    const config = { topic: 'a', queue_config: { maxRetrys: 1, tries: 2 } };
    worker.registerTrigger({ type: 'queue', function_id: 'on', config });
    await eventually(() => worker.problems.length === 2);
    expect(worker.problems.map(({ message }) => message)).toEqual([
      "the queue trigger of on: queue_config.maxRetrys means nothing here; did you mean 'maxRetries'?",
      'the queue trigger of on: queue_config.tries means nothing here',
    ]);
  });

  it('takes messages published under the oldest name too', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const seen: unknown[] = [];
    worker.registerFunction('on', (data) => seen.push(data));
    worker.registerTrigger({ type: 'queue', function_id: 'on', config: { topic: 'a' } });
    worker.registerFunction('create', () =>
      client.call('queue.enqueue', { topic: 'a', data: { n: 1 } }),
    );
    await worker.call('create');
    worker.triggerVoid('enqueue', { topic: 'a', data: { n: 2 } });
    await eventually(() => seen.length === 2);
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
    expect(() => client.call('create')).toThrow(/inside a handler/);
  });
});

describe('a trigger type of a worker', () => {
  it('learns what is bound and unbound, and calls the functions itself', async () => {
    const { url, port } = await startEngine();
    const relay = await startRelay(port);
    const provider = startWorker(relay.url);
    const bound: ProvidedTrigger[] = [];
    const gone: string[] = [];
    provider.registerTriggerType(
      { id: 'mailbox', description: 'fires on new mail' },
      {
        registerTrigger: (trigger) => {
          if (trigger.config === null || !('box' in (trigger.config as object))) {
            throw new Error('box is required');
          }
          bound.push(trigger);
        },
        unregisterTrigger: ({ id }) => gone.push(id),
      },
    );
    await provider.ready();
    const worker = startWorker(url);
    const seen: unknown[] = [];
    worker.registerFunction('on-mail', (mail) => seen.push(mail));
    const trigger = worker.registerTrigger({
      type: 'mailbox',
      function_id: 'on-mail',
      config: { box: 'in' },
      metadata: { m: 1 },
    });
    worker.registerTrigger({ type: 'mailbox', function_id: 'on-mail' });
    await eventually(() => worker.problems.length === 1 && bound.length === 1);
    expect(worker.problems[0]!.message).toContain('box is required');
    expect(bound[0]).toMatchObject({ function_id: 'on-mail', config: { box: 'in' } });
    provider.triggerVoid(bound[0]!.function_id, { subject: 'hello' });
    await eventually(() => seen.length === 1);

    relay.cut();
    await eventually(() => bound.length === 2);
    expect(gone).toEqual([trigger.id]);
    trigger.unregister();
    await eventually(() => gone.length === 2);
  });
});

describe('the logger', () => {
  it('writes a line with the function, the job and the attempt of its handler', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const lines: string[] = [];
    const logger = new Logger({ write: (line) => lines.push(line), now: () => 0 });
    worker.registerFunction('f', async () => {
      await Promise.resolve();
      logger.info('charged', { amount: 3 });
    });
    const [receipt] = await worker.enqueueBatch([{ function_id: 'f' }]);
    await eventually(() => lines.length === 1);
    expect(JSON.parse(lines[0]!)).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'charged',
      function_id: 'f',
      job_id: receipt!.messageReceiptId,
      attempt: 1,
      data: { amount: 3 },
    });
  });

  it('writes what cannot be written as JSON without it', () => {
    const lines: string[] = [];
    const logger = new Logger({ write: (line) => lines.push(line), now: () => 0 });
    logger.error('odd', { big: 1n });
    logger.warn('failed', { error: new Error('why') });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', message: 'odd' },
      { level: 'warn', data: { error: { message: 'why' } } },
    ]);
  });
});
