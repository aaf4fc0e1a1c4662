import { describe, expect, it } from 'vitest';
import { InvocationError, NonRetryableError, RetryAfter } from '../../src/sdk/errors.ts';
import type { CallContext, Receipt, TriggerRequest } from '../../src/sdk/worker.ts';
import { TriggerAction } from '../../src/sdk/trigger-action.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { startEngine, startWorker } from './harness.ts';

interface Order {
  readonly id: number;
}

describe('a worker of the SDK', () => {
  it('answers calls of functions registered in either form', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction({ id: 'orders::price' }, (order: Order) => ({ price: order.id * 2 }));
    worker.registerFunction('orders::name', (order: Order) => `order ${order.id}`, {
      description: 'names an order',
    });
    const caller = startWorker(url);
    await worker.ready();
    expect(await caller.trigger({ function_id: 'orders::price', payload: { id: 4 } })).toEqual({
      price: 8,
    });
    expect(await caller.call('orders::name', { id: 4 })).toBe('order 4');
  });

  it('refuses a second function with the same id until the first is unregistered', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const registered = worker.registerFunction('a', () => 1);
    expect(registered.id).toBe('a');
    expect(() => worker.registerFunction('a', () => 2)).toThrow(/already registered: a/);
    registered.unregister();
    worker.registerFunction('a', () => 2);
    expect(await worker.call('a')).toBe(2);
  });

  it('answers undefined for a function that returned nothing or null, which are one on the wire', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('nothing', () => undefined);
    worker.registerFunction('echo', (payload) => payload);
    expect(await worker.call('nothing')).toBeUndefined();
    expect(await worker.call('echo')).toBeUndefined();
    expect(await worker.call('echo', { a: [1, null, 'x'] })).toEqual({ a: [1, null, 'x'] });
  });

  it('rejects with the code, message and stack of what the function threw', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('fails', () => {
      throw new Error('no stock');
    });
    const error = await worker.call('fails').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvocationError);
    expect(error).toMatchObject({
      code: 'invocation_failed',
      message: 'no stock',
      function_id: 'fails',
      enqueue_error: undefined,
    });
    expect((error as InvocationError).stacktrace).toContain('worker.test.ts');
  });

  it.each([
    ['a string', 'plain', 'plain'],
    ['undefined', undefined, 'undefined'],
    ['an object with a message', { message: 'as an object', code: 'E' }, 'as an object'],
    ['an object', { reason: 7 }, '{"reason":7}'],
  ])('sends a readable message when %s is thrown', async (_what, thrown, message) => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('fails', () => {
      throw thrown as unknown as Error;
    });
    await expect(worker.call('fails')).rejects.toMatchObject({ message });
  });

  it('rejects calls of functions that nobody offers, and results that are no JSON', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('big', () => 10n);
    await expect(worker.call('nope')).rejects.toMatchObject({ code: 'function_not_found' });
    await expect(worker.call('big')).rejects.toMatchObject({ code: 'serialization_error' });
    await expect(worker.call('big', 10n)).rejects.toMatchObject({ code: 'serialization_error' });
  });

  it.each([
    ['an unknown action', { function_id: 'f', action: { type: 'Enqueue', queue: 'payment' } }],
    ['a text as action', { function_id: 'f', action: 'enqueue' }],
    ['no function', { functionId: 'f' }],
  ])(
    'rejects a call of plain JavaScript with %s, and takes null for no action',
    async (_what, request) => {
      const { url } = await startEngine();
      const worker = startWorker(url);
      const seen: unknown[] = [];
      worker.registerFunction('f', (payload) => seen.push(payload));
      const call = worker.trigger(request as unknown as TriggerRequest);
      await expect(call).rejects.toMatchObject({ code: 'invocation_error' });
      expect(
        await worker.trigger({ function_id: 'f', action: null } as unknown as TriggerRequest),
      ).toBe(1);
    },
  );

  it('gives up a call after its own time', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('silent', () => new Promise(() => undefined));
    const call = worker.trigger({ function_id: 'silent', payload: 1, timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ code: 'TIMEOUT', function_id: 'silent' });
  });

  it('does not wait for void calls', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const seen: unknown[] = [];
    worker.registerFunction('track', (payload) => seen.push(payload));
    worker.triggerVoid('track', 1);
    await worker.trigger({ function_id: 'track', payload: 2, action: TriggerAction.Void() });
    expect(seen).toEqual([]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });

  it('carries metadata, and the trace of a handler to what it calls and enqueues', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const contexts: CallContext[] = [];
    worker.registerFunction('inner', (_payload, context) => {
      contexts.push(context);
    });
    worker.registerFunction('outer', async (_payload, { iii }) => {
      await Promise.resolve();
      await iii.trigger({ function_id: 'inner', metadata: { tenant: 'a' } });
      await iii.enqueueBatch([{ function_id: 'inner' }]);
    });
    await worker.ready();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const client = await RawClient.connect(url);
    await client.invoke('outer', '{}', { traceparent, baggage: 'user=ada' });
    await eventually(() => contexts.length === 2);
    client.terminate();
    expect(contexts[0]).toMatchObject({
      function_id: 'inner',
      metadata: { tenant: 'a' },
      job: null,
    });
    expect(contexts[1]).toMatchObject({ metadata: null, job: { attempt: 1 } });
    for (const context of contexts) {
      expect(context.traceparent?.split('-')[1]).toBe(traceparent.split('-')[1]);
      expect(context.baggage).toBe('user=ada');
    }
  });

  it('refuses a concurrency that is no number of calls', () => {
    expect(() => startWorker('ws://127.0.0.1:1', { concurrency: 0 })).toThrow(RangeError);
  });

  it('gets no more calls at the same time than it asked for', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url, { concurrency: 2 });
    let running = 0;
    let most = 0;
    worker.registerFunction('work', async () => {
      most = Math.max(most, ++running);
      await worker.call('iii::engine::info', {});
      running -= 1;
    });
    await worker.ready();
    const producer = startWorker(url);
    const jobs = Array.from({ length: 12 }, (_, payload) => ({ function_id: 'work', payload }));
    await producer.enqueueBatch(jobs);
    await eventually(async () => (await totals(producer, 'default')).completed === 12);
    expect(most).toBe(2);
  });
});

describe('jobs', () => {
  it('are answered with a receipt, whose id the handler sees with its attempt', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const contexts: CallContext[] = [];
    worker.registerFunction('send', (_mail, context) => {
      contexts.push(context);
      if (contexts.length === 1) throw new Error('once');
    });
    const receipt: Receipt = await worker.trigger({
      function_id: 'send',
      payload: { to: 'a' },
      action: TriggerAction.Enqueue({ queue: 'mail' }),
      metadata: { tenant: 'a' },
    });
    await eventually(() => contexts.length === 2);
    expect(contexts.map(({ job }) => job)).toMatchObject([
      { id: receipt.messageReceiptId, queue: 'mail', attempt: 1, max_attempts: 3 },
      { id: receipt.messageReceiptId, queue: 'mail', attempt: 2, max_attempts: 3 },
    ]);
    expect(contexts[0]!.metadata).toEqual({ tenant: 'a' });
  });

  it('that are refused reject with the message in enqueue_error', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const enqueue = (queue: string, payload: unknown): Promise<unknown> =>
      worker
        .trigger({ function_id: 'f', payload, action: TriggerAction.Enqueue({ queue }) })
        .catch((thrown: unknown) => thrown);
    const unknown = (await enqueue('nope', {})) as InvocationError;
    expect(unknown).toMatchObject({ code: 'enqueue_error', function_id: 'f' });
    expect(unknown.enqueue_error).toBe(unknown.message);
    expect(unknown.enqueue_error).toContain("'nope'");
    const noGroup = (await enqueue('payment', { amount: 1 })) as InvocationError;
    expect(noGroup.enqueue_error).toContain('account');
  });

  it('take every option of the enqueue action', async () => {
    const { app, url } = await startEngine();
    const worker = startWorker(url);
    const action = TriggerAction.Enqueue({
      queue: 'mail',
      delay_ms: 60_000,
      priority: 2,
      dedup_key: 'k',
      ttl_ms: 90_000,
      max_retries: 7,
      backoff_ms: 5,
      timeout_ms: 100,
    });
    const first = await worker.trigger({ function_id: 'send', payload: {}, action });
    const second = await worker.trigger({ function_id: 'send', payload: {}, action });
    expect(second).toEqual(first);
    const job = await app.engine.call(
      'iii::job::get',
      JSON.stringify({ id: first.messageReceiptId }),
    );
    expect(JSON.parse(job ?? '')).toMatchObject({
      state: 'delayed',
      priority: 2,
      dedupKey: 'k',
      maxAttempts: 7,
    });
  });

  it('end at once when the handler throws NonRetryableError', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    let attempts = 0;
    worker.registerFunction('send', () => {
      attempts += 1;
      throw new NonRetryableError('no such address');
    });
    await worker.enqueueBatch([{ function_id: 'send', queue: 'mail' }]);
    const dead = await eventually(async () => {
      const { jobs } = await worker.call<{ jobs: unknown[] }>('iii::dlq::list', { queue: 'mail' });
      return jobs.length === 1 && jobs[0];
    });
    expect(dead).toMatchObject({ reason: 'non_retryable', error: { message: 'no such address' } });
    expect(attempts).toBe(1);
  });

  it('wait as long as RetryAfter says', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('send', () => {
      throw new RetryAfter(3_600_000);
    });
    await worker.enqueueBatch([{ function_id: 'send', queue: 'mail' }]);
    await eventually(async () => (await totals(worker, 'mail')).failed === 1);
    const { jobs } = await worker.call<{ jobs: { state: string; dueAt: string }[] }>(
      'iii::job::list',
      { queue: 'mail' },
    );
    expect(jobs[0]).toMatchObject({ state: 'delayed' });
    expect(Date.parse(jobs[0]!.dueAt)).toBeGreaterThan(performance.timeOrigin + 3_000_000);
    expect(() => new RetryAfter(-1)).toThrow(RangeError);
  });

  it('are not judged by what another function said about its own', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('inner', () => {
      throw new NonRetryableError('mine');
    });
    worker.registerFunction('outer', () => worker.call('inner'));
    await expect(worker.call('outer')).rejects.toMatchObject({
      code: 'invocation_failed',
      message: 'mine',
    });
  });

  it('of a batch are accepted all, or none', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const receipts = await worker.enqueueBatch(
      [
        { function_id: 'f', payload: { n: 1 } },
        { function_id: 'f', payload: { n: 2 }, delay_ms: 5 },
      ],
      { queue: 'mail' },
    );
    expect(new Set(receipts.map(({ messageReceiptId }) => messageReceiptId)).size).toBe(2);
    const bad = worker.enqueueBatch([
      { function_id: 'f', payload: { n: 3 } },
      { function_id: 'f', queue: 'nope' },
    ]);
    await expect(bad).rejects.toMatchObject({ code: 'enqueue_error' });
    expect((await totals(worker, 'default')).enqueued).toBe(0);
  });
});

interface Totals {
  readonly enqueued: number;
  readonly completed: number;
  readonly failed: number;
}

async function totals(
  worker: { call<Output>(id: string, payload: unknown): Promise<Output> },
  queue: string,
): Promise<Totals> {
  const { queues } = await worker.call<{ queues: { name: string; totals: Totals }[] }>(
    'iii::queue::list',
    {},
  );
  return queues.find(({ name }) => name === queue)!.totals;
}
