import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

interface JobFacts {
  readonly 'iii.job': { id: string; attempt: number; epoch: number };
}
const factsOf = (delivery: Frame): JobFacts['iii.job'] =>
  (delivery['metadata'] as JobFacts)['iii.job'];

describe('deliveries to workers that come, go and stall', () => {
  let engine: EngineProcess;
  let client: RawClient;
  let fn: string;
  const opened: RawClient[] = [];

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({
        pay: { max_retries: 1, concurrency: 4 },
        fragile: { max_retries: 3, max_interruptions: 2 },
        wide: { concurrency: 1_000 },
        lane: { type: 'fifo', message_group_field: 'account' },
      }),
    });
  });
  afterAll(() => engine.close());
  beforeEach(async () => {
    fn = `fn::${randomUUID()}`;
    client = await RawClient.connect(engine.url);
    return () => {
      for (const open of opened.splice(0)) open.terminate();
      client.terminate();
    };
  });

  async function worker(respond?: (call: Frame) => Frame | undefined): Promise<RawClient> {
    const joined = await RawClient.connect(engine.url);
    opened.push(joined);
    joined.offer(fn, respond);
    await joined.settled();
    return joined;
  }
  const ended = (id: string): Promise<Frame> =>
    client.call('iii::job::wait', { id, timeoutMs: 8_000 });

  it('a lost worker burns no attempt and the job runs on another one', async () => {
    const first = await worker();
    const id = await client.accepted('pay', fn, '{"n":1}');
    const lost = await first.delivery(1, fn);
    const second = await worker(() => ({}));
    first.terminate();
    expect(await ended(id)).toMatchObject({
      state: 'completed',
      attempts: 1,
      interruptions: 1,
      history: [{ outcome: 'interrupted' }, { outcome: 'completed', attempt: 1 }],
    });
    const again = await second.delivery(1, fn);
    expect(again['data']).toEqual(lost['data']);
    expect(factsOf(again)).toMatchObject({ id, attempt: 1 });
    expect(factsOf(again).epoch).toBeGreaterThan(factsOf(lost).epoch);
  });

  it('a job that kills its workers is dead as interrupted in the end', async () => {
    const id = await client.accepted('fragile', fn);
    for (let death = 1; death <= 3; death++) {
      const victim = await worker();
      await victim.delivery(1, fn);
      victim.terminate();
    }
    expect(await ended(id)).toMatchObject({ state: 'dead', reason: 'interrupted', attempts: 0 });
  });

  it('a group waits while its head is interrupted, and keeps its order', async () => {
    const first = await worker();
    for (const n of [1, 2, 3]) await client.accepted('lane', fn, `{"account":"a","n":${n}}`);
    await first.delivery(1, fn);
    first.terminate();
    const second = await worker(() => ({}));
    await second.delivery(3, fn);
    expect(second.deliveries(fn).map(({ data }) => (data as { n: number }).n)).toEqual([1, 2, 3]);
  });

  it('the least busy worker takes the next call', async () => {
    const [a, b] = [await worker(), await worker()];
    for (let n = 0; n < 4; n++) await client.accepted('pay', fn, String(n));
    await a.delivery(2, fn);
    await b.delivery(2, fn);
    expect([a.deliveries(fn).length, b.deliveries(fn).length]).toEqual([2, 2]);
    a.answer(await a.delivery(1, fn));
    a.answer(await a.delivery(2, fn));
    await a.settled();
    for (let n = 4; n < 6; n++) await client.accepted('pay', fn, String(n));
    await a.delivery(4, fn);
    expect(b.deliveries(fn)).toHaveLength(2);
  });

  it('a worker that tells a limit of its own never gets more', async () => {
    const modest = await RawClient.connect(engine.url);
    opened.push(modest);
    await modest.call('engine::workers::register', { name: 'modest', concurrency: 1 });
    modest.offer(fn);
    for (let n = 0; n < 3; n++) await client.accepted('pay', fn, String(n));
    for (let nth = 1; nth <= 3; nth++) {
      const delivery = await modest.delivery(nth, fn);
      await pause(30);
      expect(modest.deliveries(fn)).toHaveLength(nth);
      modest.answer(delivery);
    }
  });

  it('concurrency is never exceeded', async () => {
    let running = 0;
    let most = 0;
    const busy = await worker((call) => {
      running += 1;
      most = Math.max(most, running);
      setTimeout(() => {
        running -= 1;
        busy.answer(call);
      }, 5);
      return undefined;
    });
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, n) => client.accepted('pay', fn, String(n))),
    );
    for (const id of ids) expect(await ended(id)).toMatchObject({ state: 'completed' });
    expect(most).toBe(4);
  });

  it('a function that is unregistered gets no more jobs, and those in flight may finish', async () => {
    const leaving = await worker();
    const first = await client.accepted('lane', fn, '{"account":"u"}');
    const second = await client.accepted('lane', fn, '{"account":"u"}');
    const delivery = await leaving.delivery(1, fn);
    leaving.send({ type: 'unregisterfunction', id: fn });
    leaving.answer(delivery);
    expect(await ended(first)).toMatchObject({ state: 'completed' });
    await leaving.settled();
    expect(leaving.deliveries(fn)).toHaveLength(1);
    const waiting = await client.call('iii::job::get', { id: second });
    expect(waiting).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  it('a worker that answers function_not_found burns no attempt', async () => {
    const error = { code: 'function_not_found', message: 'Function not found' };
    let refusals = 0;
    const confused = await worker(() => {
      refusals += 1;
      if (refusals === 2) confused.send({ type: 'unregisterfunction', id: fn });
      return { error };
    });
    const id = await client.accepted('pay', fn);
    await eventually(() => refusals === 2);
    await worker(() => ({}));
    expect(await ended(id)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('reattach ends the old connection first, and needs its token', async () => {
    const old = await worker();
    const hello = await eventually(() => old.frames[0]);
    const id = await client.accepted('pay', fn);
    await old.delivery(1, fn);
    const next = await RawClient.connect(engine.url);
    opened.push(next);
    const previous_worker_id = hello['worker_id'];
    next.send({ type: 'reattach', previous_worker_id, reattach_token: randomUUID() });
    next.send({ type: 'reattach', previous_worker_id, reattach_token: null });
    await next.settled();
    expect(old.closed).toBeUndefined();
    const { reattach_token } = hello;
    next.send({ type: 'reattach', previous_worker_id, reattach_token });
    next.offer(fn, () => ({}));
    await old.whenClosed();
    expect(await ended(id)).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
    expect(next.deliveries(fn)).toHaveLength(1);
  });

  it('a worker that never reads gets no more jobs when its socket is full, and others go on', async () => {
    const stuck = await worker();
    stuck.socket.pause();
    const payload = JSON.stringify('x'.repeat(900_000));
    for (let n = 0; n < 40; n++) await client.accepted('wide', fn, payload);
    const free = `${fn}::free`;
    client.offer(free, () => ({}));
    const other = await client.accepted('wide', free);
    expect(await ended(other)).toMatchObject({ state: 'completed' });
    const { waiting, inFlight } = await client.call<{ waiting: number; inFlight: number }>(
      'iii::queue::get',
      { queue: 'wide' },
    );
    expect(waiting).toBeGreaterThan(0);
    expect(waiting + inFlight).toBe(40);
    stuck.terminate();
    await worker(() => ({}));
    await eventually(async () => {
      const after = await client.call('iii::queue::get', { queue: 'wide' });
      return (after['totals'] as { completed: number }).completed === 41;
    });
  });

  it('a caller that never reads its answers is closed, and the engine lives on', async () => {
    client.offer(fn, () => ({ result: 'y'.repeat(900_000) }));
    await client.settled();
    const greedy = await RawClient.connect(engine.url);
    opened.push(greedy);
    greedy.socket.pause();
    for (let n = 0; n < 120; n++) {
      const id = `greedy-${n}`;
      greedy.send({ type: 'invokefunction', invocation_id: id, function_id: fn, data: null });
    }
    await eventually(() => client.deliveries(fn).length >= 60, 20_000);
    await client.settled();
    greedy.socket.resume();
    expect((await greedy.whenClosed()).code).toBe(1013);
  });

  it('ten thousand registrations are taken and the next is refused', async () => {
    const many = await RawClient.connect(engine.url);
    opened.push(many);
    for (let n = 0; n <= 10_000; n++) many.send({ type: 'registerfunction', id: `${fn}::${n}` });
    await many.settled();
    const last = await client.invoke('engine::functions::info', `{"function_id":"${fn}::9999"}`);
    expect(last.error).toBeUndefined();
    const beyond = await client.invoke('engine::functions::info', `{"function_id":"${fn}::10000"}`);
    expect(beyond.error?.code).toBe('NOT_FOUND');
  });

  it('half a thousand connections at once are served and cleaned up', async () => {
    const crowd = await Promise.all(
      Array.from({ length: 500 }, () => RawClient.connect(engine.url)),
    );
    for (const [n, member] of crowd.entries()) member.offer(`${fn}::${n}`);
    await Promise.all(crowd.map((member) => member.settled()));
    const { workers } = await client.call<{ workers: Frame[] }>('iii::worker::list');
    expect(workers.length).toBeGreaterThanOrEqual(500);
    for (const member of crowd) member.terminate();
    await eventually(async () => {
      const left = await client.call<{ workers: Frame[] }>('iii::worker::list');
      return left.workers.length < 10;
    });
    const gone = await client.invoke(`${fn}::0`, '{}');
    expect(gone.error?.code).toBe('function_not_found');
  });
});
