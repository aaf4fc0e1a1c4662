import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

interface Job {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly reason: string | null;
  readonly enqueuedAt: string;
  readonly dueAt: string | null;
  readonly group: string | null;
  readonly history: readonly {
    outcome: string;
    startedAt: string;
    error: { code: string } | null;
  }[];
}

const failing = (): Frame => ({ error: { code: 'invocation_failed', message: 'boom' } });

describe('enqueue over the wire', () => {
  let engine: EngineProcess;
  let client: RawClient;
  /** A function id of its own for every test. */
  let fn: string;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({
        pay: { max_retries: 2, backoff_ms: 20 },
        one: { concurrency: 1, backoff_ms: 20 },
        slow: { rate_limit: { max: 2, per_ms: 400 } },
        short: { ttl_ms: 100 },
        timed: { timeout_ms: 100, max_retries: 1 },
        lane: { type: 'fifo', message_group_field: 'account', backoff_ms: 20, concurrency: 5 },
        lanes: {
          type: 'fifo',
          message_group_field: 'account',
          group_concurrency: 2,
          concurrency: 5,
        },
        paused: {},
      }),
    });
  });
  afterAll(() => engine.close());
  beforeEach(async () => {
    fn = `fn::${randomUUID()}`;
    client = await RawClient.connect(engine.url);
    return () => client.terminate();
  });

  const job = (id: string): Promise<Job> => client.call<Job>('iii::job::get', { id });
  const ended = (id: string): Promise<Job> =>
    client.call<Job>('iii::job::wait', { id, timeoutMs: 8_000 });

  it('answers with a UUID that is the id of the job everywhere', async () => {
    client.offer(fn);
    const { result, error } = await client.enqueue('pay', fn, '{"a":1}');
    expect(error).toBeUndefined();
    expect(Object.keys(result as object)).toEqual(['messageReceiptId']);
    const { messageReceiptId: id } = result as { messageReceiptId: string };
    const delivery = await client.delivery(1, fn);
    expect(delivery['metadata']).toMatchObject({ 'iii.job': { id, queue: 'pay', attempt: 1 } });
    expect(delivery['invocation_id']).not.toBe(id);
    client.answer(delivery);
    expect(await ended(id)).toMatchObject({ id, state: 'completed', attempts: 1 });
  });

  it('does not wait for the job to end, nor for one before it', async () => {
    client.offer(fn, () => undefined);
    const ids = [await client.accepted('one', fn), await client.accepted('one', fn)];
    await eventually(() => client.deliveries(fn).length === 1);
    const states = async () => (await Promise.all(ids.map(job))).map(({ state }) => state);
    expect(await states()).toEqual(['in_flight', 'waiting']);
    for (const nth of [0, 1]) {
      await eventually(() => client.deliveries(fn).length === nth + 1);
      client.answer(client.deliveries(fn)[nth]!);
      expect(await ended(ids[nth]!)).toMatchObject({ state: 'completed', attempts: 1 });
    }
  });

  it('without a queue means default', async () => {
    const { result } = await client.invoke(fn, '{}', { action: { type: 'enqueue' } });
    const { messageReceiptId: id } = result as { messageReceiptId: string };
    expect(await job(id)).toMatchObject({ queue: 'default' });
  });

  it.each([
    ['an unknown queue', 'nowhere', '{}', {}, ['nowhere', 'pay']],
    ['an inherited name', 'constructor', '{}', {}, ['constructor']],
    ['a queue that is a number', 7, '{}', {}, ['string']],
    ['a missing field', 'lane', '{"amount":1}', {}, ['lane', 'account']],
    ['a field that is null', 'lane', '{"account":null}', {}, ['lane', 'account', 'null']],
    ['an inherited field', 'lane', '{"__proto__":{"account":1}}', {}, ['account']],
    ['a payload that is an array', 'lane', '[1]', {}, ['lane', 'account']],
    ['a payload that is null', 'lane', 'null', {}, ['lane', 'account']],
    ['priority in a fifo queue', 'lane', '{"account":1}', { priority: 1 }, ['lane', 'priorit']],
    ['a delay that is text', 'pay', '{}', { delay_ms: '5' }, ['delay_ms']],
    ['a negative delay', 'pay', '{}', { delay_ms: -1 }, ['delay_ms']],
    ['half a millisecond', 'pay', '{}', { delay_ms: 0.5 }, ['delay_ms']],
    ['a delay beyond all time', 'pay', '{}', { delay_ms: 1e300 }, ['delay_ms']],
    ['delay and time at once', 'pay', '{}', { delay_ms: 1, run_at: 1 }, ['delay_ms', 'run_at']],
    ['a time that is none', 'pay', '{}', { run_at: 'tomorrow' }, ['run_at']],
    ['a time that is an object', 'pay', '{}', { run_at: {} }, ['run_at']],
    ['a negative priority', 'pay', '{}', { priority: -1 }, ['priority']],
    ['a priority that is text', 'pay', '{}', { priority: 'high' }, ['priority']],
    ['an empty dedup key', 'pay', '{}', { dedup_key: '' }, ['dedup_key']],
    ['a dedup key that is a number', 'pay', '{}', { dedup_key: 7 }, ['dedup_key']],
    ['a dedup key without end', 'pay', '{}', { dedup_key: 'x'.repeat(513) }, ['dedup_key']],
    ['no time to live', 'pay', '{}', { ttl_ms: 0 }, ['ttl_ms']],
    ['retries that are text', 'pay', '{}', { max_retries: '3' }, ['max_retries']],
    ['negative retries', 'pay', '{}', { max_retries: -1 }, ['max_retries']],
    ['a negative backoff', 'pay', '{}', { backoff_ms: -1 }, ['backoff_ms']],
    ['a timeout of nothing', 'pay', '{}', { timeout_ms: 0 }, ['timeout_ms']],
    ['a timeout that is true', 'pay', '{}', { timeout_ms: true }, ['timeout_ms']],
  ])('refuses %s and names what is wrong', async (_, queue, data, options, names) => {
    const { result, error } = await client.enqueue(queue as string, fn, data, options);
    expect(result ?? null).toBeNull();
    expect(error?.code).toBe('enqueue_error');
    for (const name of names) expect(error?.message).toContain(name);
  });

  it('an option that is null counts as not given', async () => {
    const nothing = { delay_ms: null, run_at: null, priority: null, dedup_key: null, ttl_ms: null };
    const id = await client.accepted('pay', fn, '{}', nothing);
    expect(await job(id)).toMatchObject({ state: 'waiting', dueAt: null });
  });

  it('delay_ms and run_at hold a job back until then', async () => {
    client.offer(fn);
    const delayed = await client.accepted('pay', fn, '1', { delay_ms: 300 });
    expect(await job(delayed)).toMatchObject({ state: 'delayed' });
    const runAt = new Date(Date.now() + 150).toISOString();
    const planned = await client.accepted('pay', fn, '2', { run_at: runAt });
    expect(await job(planned)).toMatchObject({ state: 'delayed' });
    const past = await client.accepted('pay', fn, '3', { run_at: '2001-01-01T00:00:00Z' });
    expect((await client.delivery(1, fn))['data']).toBe(3);
    expect((await client.delivery(2, fn))['data']).toBe(2);
    expect((await client.delivery(3, fn))['data']).toBe(1);
    for (const delivery of client.deliveries(fn)) client.answer(delivery);
    for (const id of [delayed, planned, past]) expect((await ended(id)).state).toBe('completed');
    const { enqueuedAt, history } = await job(delayed);
    const waited = Date.parse(history[0]!.startedAt) - Date.parse(enqueuedAt);
    expect(waited).toBeGreaterThanOrEqual(300);
    expect(waited).toBeLessThan(2_000);
  });

  it('higher priorities run first, equal ones in their order', async () => {
    client.offer(fn);
    const primer = await client.accepted('one', fn, '"primer"');
    await client.delivery(1, fn);
    for (const [name, priority] of Object.entries({ c: 3, a: 1, e: 5, b: 1, d: 5, z: 0 })) {
      await client.accepted('one', fn, JSON.stringify(name), { priority });
    }
    for (let nth = 1; nth <= 7; nth++) client.answer(await client.delivery(nth, fn));
    await ended(primer);
    const order = client.deliveries(fn).map((delivery) => delivery['data']);
    expect(order).toEqual(['primer', 'e', 'd', 'c', 'a', 'b', 'z']);
  });

  it('a dedup key gives the receipt of the unfinished job, and is free when it ended', async () => {
    client.offer(fn);
    const dedup_key = randomUUID();
    const first = await client.accepted('pay', fn, '1', { dedup_key });
    expect(await client.accepted('pay', fn, '2', { dedup_key })).toBe(first);
    expect(await client.accepted('one', fn, '3', { dedup_key })).not.toBe(first);
    client.answer(await client.delivery(1, fn));
    await ended(first);
    expect(await client.accepted('pay', fn, '4', { dedup_key })).not.toBe(first);
    await eventually(() => client.deliveries(fn).length === 3);
    expect(client.deliveries(fn).map(({ data }) => data)).not.toContain(2);
  });

  it('a job not started within its time to live is dead as expired, without an attempt', async () => {
    const byJob = await client.accepted('pay', fn, '{}', { ttl_ms: 80 });
    const byQueue = await client.accepted('short', fn);
    for (const id of [byJob, byQueue]) {
      expect(await ended(id)).toMatchObject({ state: 'dead', reason: 'expired', attempts: 0 });
    }
  });

  it('max_retries and backoff_ms of the job win over the queue', async () => {
    client.offer(fn, failing);
    const id = await client.accepted('pay', fn, '{}', { max_retries: 4, backoff_ms: 40 });
    const { state, reason, attempts, maxAttempts, history } = await ended(id);
    expect({ state, reason, attempts, maxAttempts }).toEqual({
      state: 'dead',
      reason: 'exhausted',
      attempts: 4,
      maxAttempts: 4,
    });
    const starts = history.map(({ startedAt }) => Date.parse(startedAt));
    const gaps = starts.slice(1).map((start, index) => start - starts[index]!);
    for (const [index, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual(40 * 2 ** index);
      expect(gap).toBeLessThan(40 * 2 ** index + 500);
    }
    const none = await client.accepted('pay', fn, '{}', { max_retries: 0 });
    expect(await ended(none)).toMatchObject({ state: 'dead', attempts: 1 });
  });

  it('an attempt past its timeout failed, and its late answer changes nothing', async () => {
    client.offer(fn);
    const byQueue = await client.accepted('timed', fn);
    const byJob = await client.accepted('pay', fn, '{}', { timeout_ms: 60, max_retries: 1 });
    for (const id of [byQueue, byJob]) {
      const { history, ...rest } = await ended(id);
      expect(rest).toMatchObject({ state: 'dead', reason: 'exhausted', attempts: 1 });
      expect(history).toMatchObject([{ outcome: 'timeout', error: { code: 'timeout' } }]);
    }
    for (const delivery of client.deliveries(fn)) client.answer(delivery, { result: 'late' });
    await client.settled();
    expect(await job(byQueue)).toMatchObject({ state: 'dead', attempts: 1 });
  });

  it('a rate limit spreads the starts over its windows', async () => {
    client.offer(fn, () => ({}));
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) ids.push(await client.accepted('slow', fn));
    const starts: number[] = [];
    for (const id of ids) starts.push(Date.parse((await ended(id)).history[0]!.startedAt));
    starts.sort((a, b) => a - b);
    for (let n = 2; n < starts.length; n++) {
      expect(starts[n]! - starts[n - 2]!).toBeGreaterThanOrEqual(395);
    }
  });

  it('a paused queue accepts and does not start, until it is resumed', async () => {
    client.offer(fn, () => ({}));
    await client.call('iii::queue::pause', { queue: 'paused' });
    const id = await client.accepted('paused', fn);
    await pause(100);
    expect(client.deliveries(fn)).toHaveLength(0);
    expect(await job(id)).toMatchObject({ state: 'waiting', attempts: 0 });
    await client.call('iii::queue::resume', { queue: 'paused' });
    expect(await ended(id)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('code non_retryable is death at once, and retry_after is a delay that counts', async () => {
    client.offer(fn, ({ data, metadata }) => {
      const { attempt } = (metadata as { 'iii.job': { attempt: number } })['iii.job'];
      if (data === 'never') return { error: { code: 'non_retryable', message: 'no such card' } };
      if (attempt > 1) return {};
      return { error: { code: 'retry_after', message: 'busy', retry_after_ms: 250 } };
    });
    const dead = await client.accepted('pay', fn, '"never"');
    expect(await ended(dead)).toMatchObject({
      state: 'dead',
      reason: 'non_retryable',
      attempts: 1,
    });
    const later = await client.accepted('pay', fn, '"later"');
    const { state, attempts, history } = await ended(later);
    expect({ state, attempts }).toEqual({ state: 'completed', attempts: 2 });
    const [first, second] = history.map(({ startedAt }) => Date.parse(startedAt));
    expect(second! - first!).toBeGreaterThanOrEqual(250);
  });

  it('jobs of a fifo queue run one by one in their order, through failures', async () => {
    const failed = new Set<unknown>();
    client.offer(fn, ({ data }) => {
      const { n } = data as { n: number };
      if (n % 3 !== 0 || failed.has(n)) return {};
      failed.add(n);
      return failing();
    });
    let last = '';
    for (let n = 0; n < 9; n++)
      last = await client.accepted('lane', fn, `{"account":"a","n":${n}}`);
    expect((await ended(last)).state).toBe('completed');
    const order = client.deliveries(fn).map(({ data }) => (data as { n: number }).n);
    expect(order).toEqual([0, 0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8]);
  });

  it('group_concurrency runs that many groups at once and never two jobs of one group', async () => {
    client.offer(fn);
    for (const account of ['1', '"1"', '1.0', '{"b":1,"a":2}', '{"a":2,"b":1}', '3']) {
      await client.accepted('lanes', fn, `{"account":${account}}`);
    }
    await client.delivery(2, fn);
    await pause(50);
    expect(client.deliveries(fn).map(({ data }) => (data as { account: unknown }).account)).toEqual(
      [1, '1'],
    );
    for (let nth = 1; nth <= 6; nth++) client.answer(await client.delivery(nth, fn));
  });

  it('a missing function burns no attempt and blocks nobody', async () => {
    const ghost = await client.accepted('one', `${fn}::ghost`);
    client.offer(fn, () => ({}));
    const real = await client.accepted('one', fn);
    expect(await ended(real)).toMatchObject({ state: 'completed' });
    expect(await job(ghost)).toMatchObject({ state: 'waiting', attempts: 0 });
    const detail = await client.call('iii::queue::get', { queue: 'one' });
    expect(detail['waitingFor']).toContainEqual({ functionId: `${fn}::ghost`, jobs: 1 });
    client.offer(`${fn}::ghost`, () => ({}));
    expect(await ended(ghost)).toMatchObject({ state: 'completed', attempts: 1 });
  });
});
