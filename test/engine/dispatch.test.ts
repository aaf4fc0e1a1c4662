import { describe, expect, it } from 'vitest';
import { policy, startEngine } from '../support/engine-fixture.ts';

const fail = (code: string, extra = {}) => ({ error: { code, message: 'no', ...extra } });

describe('one queue', () => {
  it('delivers a job to the worker that offers its function, payload unchanged', async () => {
    const { worker, enqueue, advance, admin } = await startEngine();
    const w = worker();
    w.offer('orders::pay');
    const id = await enqueue('orders::pay', { amount: 1 });
    await advance();
    expect(w.deliveries()).toHaveLength(1);
    expect(w.deliveries()[0]).toMatchObject({
      function_id: 'orders::pay',
      data: { amount: 1 },
      metadata: { 'iii.job': { id, queue: 'default', attempt: 1, max_attempts: 3 } },
    });
    w.answer(w.deliveries()[0] ?? {}, { result: { ok: true } });
    await advance();
    expect(await admin('iii::job::get', { id })).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('retries with exponential backoff and buries the job after its last attempt', async () => {
    const { worker, enqueue, advance, admin } = await startEngine([
      policy('q', { maxAttempts: 3, backoffMs: 1_000 }),
    ]);
    const w = worker();
    w.onDelivery = () => fail('invocation_failed');
    w.offer('f');
    const id = await enqueue('f', {}, { queue: 'q' });
    await advance(999);
    expect(w.deliveries()).toHaveLength(1);
    await advance(1);
    expect(w.deliveries()).toHaveLength(2);
    await advance(1_999);
    expect(w.deliveries()).toHaveLength(2);
    await advance(1);
    expect(w.deliveries()).toHaveLength(3);
    await advance(60_000);
    expect(w.deliveries()).toHaveLength(3);
    expect(await admin('iii::dlq::list', { queue: 'q' })).toMatchObject({
      total: 1,
      jobs: [{ id, attempts: 3, reason: 'exhausted', error: { message: 'no' } }],
    });
  });

  it('keeps a job waiting while no worker offers its function, and others go on', async () => {
    const { worker, enqueue, advance, admin } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('real');
    const ghost = await enqueue('ghost', {});
    await enqueue('real', {});
    await advance(60_000);
    expect(w.deliveries()).toHaveLength(1);
    expect(await admin('iii::queue::get', { queue: 'default' })).toMatchObject({
      waiting: 1,
      waitingFor: [{ functionId: 'ghost', jobs: 1 }],
    });
    expect(await admin('iii::job::get', { id: ghost })).toMatchObject({
      state: 'waiting',
      attempts: 0,
      history: [],
    });
    w.offer('ghost');
    await advance();
    expect(await admin('iii::job::get', { id: ghost })).toMatchObject({ state: 'completed' });
  });

  it('never has more attempts in flight than its concurrency', async () => {
    const { worker, enqueue, advance } = await startEngine([policy('q', { concurrency: 2 })]);
    const w = worker();
    w.offer('f');
    for (let i = 0; i < 5; i++) await enqueue('f', { i }, { queue: 'q' });
    await advance();
    expect(w.deliveries()).toHaveLength(2);
    w.answer(w.deliveries()[0] ?? {});
    await advance();
    expect(w.deliveries()).toHaveLength(3);
  });

  it('gives an attempt back when its worker is lost, and counts the interruption', async () => {
    const { worker, enqueue, advance, admin } = await startEngine();
    const first = worker();
    first.offer('f');
    const id = await enqueue('f', {});
    await advance();
    first.disconnect();
    await advance();
    expect(await admin('iii::job::get', { id })).toMatchObject({
      state: 'waiting',
      attempts: 0,
      interruptions: 1,
    });
    const second = worker();
    second.onDelivery = () => ({});
    second.offer('f');
    await advance();
    expect(second.deliveries()[0]).toMatchObject({ metadata: { 'iii.job': { attempt: 1 } } });
    expect(await admin('iii::job::get', { id })).toMatchObject({ state: 'completed' });
  });

  it('buries a job that keeps killing its workers', async () => {
    const { worker, enqueue, advance, admin } = await startEngine([
      policy('q', { maxInterruptions: 2 }),
    ]);
    const id = await enqueue('f', {}, { queue: 'q' });
    for (let i = 0; i < 3; i++) {
      const w = worker();
      w.offer('f');
      await advance();
      w.disconnect();
      await advance();
    }
    expect(await admin('iii::job::get', { id })).toMatchObject({
      state: 'dead',
      reason: 'interrupted',
      attempts: 0,
    });
  });

  it('ends an attempt that takes too long, and ignores its late answer', async () => {
    const { worker, enqueue, advance, admin } = await startEngine([
      policy('q', { timeoutMs: 500, maxAttempts: 1 }),
    ]);
    const w = worker();
    w.offer('f');
    const id = await enqueue('f', {}, { queue: 'q' });
    await advance(500);
    expect(await admin('iii::job::get', { id })).toMatchObject({
      state: 'dead',
      history: [{ outcome: 'timeout', error: { code: 'timeout' } }],
    });
    w.answer(w.deliveries()[0] ?? {});
    await advance();
    expect(await admin('iii::job::get', { id })).toMatchObject({ state: 'dead' });
  });

  it('buries a job at once on non_retryable, and delays it as told on retry_after', async () => {
    const { worker, enqueue, advance, admin } = await startEngine();
    const w = worker();
    w.onDelivery = ({ data }) =>
      (data as { now: boolean }).now
        ? fail('non_retryable')
        : fail('retry_after', { retry_after_ms: 7_000 });
    w.offer('f');
    const dead = await enqueue('f', { now: true });
    const later = await enqueue('f', { now: false });
    await advance(6_999);
    expect(await admin('iii::job::get', { id: dead })).toMatchObject({
      state: 'dead',
      reason: 'non_retryable',
      attempts: 1,
    });
    expect(await admin('iii::job::get', { id: later })).toMatchObject({
      state: 'delayed',
      attempts: 1,
    });
    expect(w.deliveries()).toHaveLength(2);
    await advance(1);
    expect(w.deliveries()).toHaveLength(3);
  });

  it('starts no more attempts per window than its rate limit', async () => {
    const { worker, enqueue, advance } = await startEngine([
      policy('q', { rateLimit: { max: 2, perMs: 1_000 } }),
    ]);
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('f');
    for (let i = 0; i < 5; i++) await enqueue('f', { i }, { queue: 'q' });
    await advance(999);
    expect(w.deliveries()).toHaveLength(2);
    await advance(1);
    expect(w.deliveries()).toHaveLength(4);
    await advance(1_000);
    expect(w.deliveries()).toHaveLength(5);
  });

  it('delivers nothing while paused and goes on when resumed', async () => {
    const { worker, enqueue, advance, admin } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('f');
    await admin('iii::queue::pause', { queue: 'default' });
    await enqueue('f', {});
    await advance(10_000);
    expect(w.deliveries()).toHaveLength(0);
    await admin('iii::queue::resume', { queue: 'default' });
    await advance();
    expect(w.deliveries()).toHaveLength(1);
  });

  it('gives the next call to the worker with the fewest in flight', async () => {
    const { worker, enqueue, advance } = await startEngine();
    const busy = worker();
    const idle = worker();
    busy.offer('f');
    await enqueue('f', 1);
    await enqueue('f', 2);
    await advance();
    idle.offer('f');
    await enqueue('f', 3);
    await enqueue('f', 4);
    await advance();
    expect(busy.deliveries()).toHaveLength(2);
    expect(idle.deliveries()).toHaveLength(2);
  });

  it('respects the limit a worker tells of itself', async () => {
    const { worker, enqueue, advance } = await startEngine();
    const w = worker();
    const data = { runtime: 'node', name: 'w', concurrency: 1 };
    const action = { type: 'void' };
    w.say({ type: 'invokefunction', function_id: 'engine::workers::register', data, action });
    await advance();
    w.offer('f');
    await enqueue('f', 1);
    await enqueue('f', 2);
    await advance();
    expect(w.deliveries()).toHaveLength(1);
    w.answer(w.deliveries()[0] ?? {});
    await advance();
    expect(w.deliveries()).toHaveLength(2);
  });

  it.each([
    ['python', 1_048_577, false],
    ['python', 1_040_000, true],
    ['node', 1_048_577, true],
  ])('sends a worker in %s a call of %d bytes: %s', async (runtime, bytes, isSent) => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.offer('f');
    const call = { type: 'invokefunction', function_id: 'f' };
    const register = { function_id: 'engine::workers::register', data: { runtime, name: 'w' } };
    w.say({ ...call, ...register, action: { type: 'void' } });
    const caller = worker();
    const id = '22222222-2222-4222-8222-222222222222';
    // Two bytes each: it is bytes that count.
    caller.say({ ...call, invocation_id: id, data: 'é'.repeat(bytes / 2) });
    await advance();
    expect(w.deliveries()).toHaveLength(isSent ? 1 : 0);
    expect(caller.results()).toMatchObject(
      isSent ? [] : [{ invocation_id: id, error: { code: 'channel_send_failed' } }],
    );
    caller.say({ ...call, data: 'short' });
    await advance();
    expect(w.deliveries()).toHaveLength(isSent ? 2 : 1);
  });

  it('leases nothing to a worker whose socket is far behind, until it caught up', async () => {
    const { worker, enqueue, advance } = await startEngine();
    const w = worker();
    w.buffered = 9 * 1024 * 1024;
    w.offer('f');
    await enqueue('f', 1);
    await advance(1_000);
    expect(w.deliveries()).toHaveLength(0);
    w.buffered = 0;
    await advance(1_000);
    expect(w.deliveries()).toHaveLength(1);
  });

  it('buries a job that was not started within its time to live', async () => {
    const { enqueue, advance, admin } = await startEngine();
    const id = await enqueue('f', {}, { ttl_ms: 1_000 });
    await advance(1_000);
    expect(await admin('iii::job::get', { id })).toMatchObject({
      state: 'dead',
      reason: 'expired',
      attempts: 0,
    });
  });
});

describe('a FIFO queue', () => {
  const payments = policy('payment', { type: 'fifo', groupField: 'account', maxAttempts: 2 });

  it('runs one job at a time, and a head in backoff holds back only its own group', async () => {
    const { worker, enqueue, advance } = await startEngine([payments]);
    const w = worker();
    w.onDelivery = ({ data }) => {
      const { n, account } = data as { n: number; account: string };
      const failing = account === 'a' && n === 1 && w.deliveries().length === 1;
      return failing ? fail('invocation_failed') : {};
    };
    w.offer('pay');
    await enqueue('pay', { account: 'a', n: 1 }, { queue: 'payment' });
    await enqueue('pay', { account: 'a', n: 2 }, { queue: 'payment' });
    await enqueue('pay', { account: 'b', n: 3 }, { queue: 'payment' });
    await advance(10_000);
    expect(w.deliveries().map(({ data }) => (data as { n: number }).n)).toEqual([1, 3, 1, 2]);
  });

  it('runs different groups side by side up to group_concurrency', async () => {
    const { worker, enqueue, advance } = await startEngine([{ ...payments, groupConcurrency: 2 }]);
    const w = worker();
    w.offer('pay');
    for (const account of ['a', 'a', 'b', 'c']) {
      await enqueue('pay', { account }, { queue: 'payment' });
    }
    await advance();
    expect(w.deliveries().map(({ data }) => (data as { account: string }).account)).toEqual([
      'a',
      'b',
    ]);
  });

  it('puts a redriven job before the later jobs of its group', async () => {
    const { worker, enqueue, advance, admin } = await startEngine([
      { ...payments, maxAttempts: 1 },
    ]);
    const first = worker();
    first.onDelivery = () => fail('invocation_failed');
    first.offer('pay');
    const id = await enqueue('pay', { account: 'a', n: 1 }, { queue: 'payment' });
    await advance();
    first.disconnect();
    await enqueue('pay', { account: 'a', n: 2 }, { queue: 'payment' });
    expect(await admin('iii::dlq::redrive', { queue: 'payment' })).toEqual({
      queue: 'payment',
      redriven: 1,
    });
    const second = worker();
    second.onDelivery = () => ({});
    second.offer('pay');
    await advance();
    expect(second.deliveries().map(({ data }) => (data as { n: number }).n)).toEqual([1, 2]);
    expect(await admin('iii::job::get', { id })).toMatchObject({ state: 'completed' });
  });
});
