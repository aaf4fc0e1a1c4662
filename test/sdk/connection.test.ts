import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ManualClock } from '../../src/base/clock.ts';
import type { CallContext } from '../../src/sdk/worker.ts';
import { TriggerAction } from '../../src/sdk/trigger-action.ts';
import { testToken } from '../support/engine-config.ts';
import { eventually, within } from '../support/eventually.ts';
import { startEngine, startRelay, startWorker } from './harness.ts';

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('the connection of a worker', () => {
  it('makes calls wait that come before it is there', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const seen: unknown[] = [];
    worker.triggerVoid('f', 1);
    const answer = worker.call('f', 2);
    worker.registerFunction('f', (payload) => seen.push(payload));
    expect(await answer).toBe(2);
    expect(seen).toEqual([1, 2]);
  });

  it('comes back after a loss, and says again what the worker offers', async () => {
    const { url, port } = await startEngine();
    const relay = await startRelay(port);
    const worker = startWorker(relay.url);
    const seen: unknown[] = [];
    worker.registerFunction('f', (payload) => payload);
    worker.registerFunction('on-a', (payload) => seen.push(payload));
    worker.registerTrigger({ type: 'queue', function_id: 'on-a', config: { topic: 'a' } });
    await worker.ready();
    relay.cut();
    await eventually(() => worker.problems.length > 0);
    await worker.ready();
    const caller = startWorker(url);
    expect(await caller.call('f', 3)).toBe(3);
    await caller.publish('a', { n: 1 });
    await eventually(() => seen.length === 1);
  });

  it('ends its old self at the engine when only its own side was lost', async () => {
    const { url, port } = await startEngine();
    const relay = await startRelay(port);
    const worker = startWorker(relay.url, { workerName: 'one' });
    worker.registerFunction('f', () => 'here');
    await worker.ready();
    relay.cutWorkerSide();
    await eventually(() => worker.problems.length > 0);
    await worker.ready();
    const caller = startWorker(url);
    const { workers } = await caller.call<{ workers: { name: string }[] }>('iii::worker::list', {});
    expect(workers.filter(({ name }) => name === 'one')).toHaveLength(1);
    expect(await caller.call('f')).toBe('here');
  });

  it('ends calls in flight as lost, and not those that wait to be sent', async () => {
    const { port } = await startEngine();
    const relay = await startRelay(port);
    const worker = startWorker(relay.url);
    worker.registerFunction('silent', () => new Promise(() => undefined));
    await worker.ready();
    const inFlight = worker.call('silent').catch((thrown: unknown) => thrown);
    await eventually(async () => {
      const { functions } = await worker.call<{ functions: { inFlight: number }[] }>(
        'iii::function::list',
        {},
      );
      return functions.some((one) => one.inFlight === 1);
    });
    relay.cut();
    expect(await inFlight).toMatchObject({ code: 'connection_lost', function_id: 'silent' });
    const { queues } = await worker.call<{ queues: unknown[] }>('iii::queue::list', {});
    expect(queues.length).toBeGreaterThan(0);
  });

  it('aborts handlers when it is lost, and drops their late answers', async () => {
    const { url, port } = await startEngine();
    const relay = await startRelay(port);
    const worker = startWorker(relay.url);
    const contexts: CallContext[] = [];
    const first = gate();
    worker.registerFunction('f', async (_payload, context) => {
      contexts.push(context);
      if (contexts.length === 1) await first.opened;
      return contexts.length;
    });
    await worker.ready();
    const producer = startWorker(url);
    await producer.enqueueBatch([{ function_id: 'f', queue: 'mail' }]);
    await eventually(() => contexts.length === 1);
    relay.cut();
    await eventually(() => contexts.length === 2);
    expect(contexts[0]!.signal.aborted).toBe(true);
    expect(contexts[0]!.signal.reason).toMatchObject({ code: 'connection_lost' });
    expect(contexts[1]!.signal.aborted).toBe(false);
    // The attempt was given back: a lost worker burns none.
    expect(contexts[1]!.job).toMatchObject({ attempt: 1 });
    first.open();
    const { queues } = await eventually(async () => {
      const list = await producer.call<{
        queues: { name: string; totals: { completed: number; failed: number } }[];
      }>('iii::queue::list', {});
      return list.queues.some(({ totals }) => totals.completed === 1) && list;
    });
    expect(queues.find(({ name }) => name === 'mail')?.totals).toMatchObject({ failed: 0 });
  });

  it('carries the token, and tells at once that it is not accepted', async () => {
    const { token, entry } = testToken('worker');
    const { url } = await startEngine({ auth: { tokens: [entry] } });
    const good = startWorker(url, { token });
    good.registerFunction('f', () => 1);
    expect(await good.call('f')).toBe(1);
    const bad = startWorker(url, { token: `${token}x` });
    const call = bad.call('f');
    await expect(bad.ready()).rejects.toMatchObject({ code: 'AUTH_ERROR' });
    await expect(call).rejects.toMatchObject({ code: 'AUTH_ERROR' });
    expect(JSON.stringify(bad.problems.map(String))).not.toContain(token);
  });

  it('says of a call that timed out whether it was ever sent', async () => {
    const worker = startWorker('ws://127.0.0.1:1');
    const call = worker.trigger({ function_id: 'f', timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('never sent'),
    });
  });

  it('tells when something else answers at the address', async () => {
    const server = createServer((_request, response) => response.writeHead(426).end());
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const worker = startWorker(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await eventually(() => worker.problems.some(({ message }) => message.includes('status 426')));
    server.close();
  });

  it('tries again after twice the time, up to half a minute, not all workers at once', async () => {
    const clock = new ManualClock();
    let fraction = 0.5;
    const random = { uuid: () => 'id', fraction: () => fraction };
    const options = { clock, random, reconnectMs: 1_000 };
    const worker = startWorker('ws://127.0.0.1:1', options);
    const delays: number[] = [];
    for (let failed = 1; failed <= 8; failed++) {
      await eventually(() => worker.problems.length === failed);
      const delay = clock.nextTimerAt()! - clock.now();
      delays.push(delay);
      fraction = failed === 6 ? 0 : failed === 7 ? 0.999 : 0.5;
      await clock.advance(delay);
    }
    expect(delays.slice(0, 6)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
    expect(delays[6]).toBeCloseTo(21_000, 0);
    expect(delays[7]).toBeCloseTo(39_000, -2);
  });

  it('counts as lost when nothing comes for a minute, not even an answer to a ping', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
    await new Promise((resolve) => server.once('listening', resolve));
    const connected = new Promise((resolve) => server.once('connection', resolve));
    const clock = new ManualClock();
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const worker = startWorker(url, { clock });
    await connected;
    await eventually(() => clock.nextTimerAt() !== undefined);
    await clock.advance(59_000);
    expect(worker.problems).toEqual([]);
    await clock.advance(1_000);
    await eventually(() => worker.problems.length === 1);
    expect(worker.problems[0]).toMatchObject({ code: 'connection_lost' });
    server.close();
  });

  it('tells of a trigger that the engine refuses', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('f', () => 1);
    worker.registerTrigger({ type: 'queue', function_id: 'f' });
    await eventually(() => worker.problems.length === 1);
    expect(worker.problems[0]).toMatchObject({
      code: 'trigger_registration_failed',
      function_id: 'f',
      message: expect.stringContaining('topic is required'),
    });
  });
});

describe('what a worker sends when it connects', () => {
  it('is who it is, then what it offers, then what waited; after a loss it begins with reattach', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const connections: Record<string, unknown>[][] = [];
    server.on('connection', (socket) => {
      const frames: Record<string, unknown>[] = [];
      connections.push(frames);
      socket.send(
        JSON.stringify({ type: 'workerregistered', worker_id: 'w1', reattach_token: 't1' }),
      );
      socket.on('message', (data: Buffer) => {
        frames.push(JSON.parse(data.toString()) as Record<string, unknown>);
        if (frames.length === 5 && connections.length === 1) socket.terminate();
      });
    });
    const { port } = server.address() as AddressInfo;
    const worker = startWorker(`ws://127.0.0.1:${port}`, { name: 'n', concurrency: 3 });
    worker.registerTrigger({ type: 'mine', function_id: 'f', metadata: { m: 1 } });
    worker.registerFunction('f', () => 1);
    worker.registerTriggerType(
      { id: 'mine', description: 'd' },
      { registerTrigger: () => 0, unregisterTrigger: () => 0 },
    );
    worker.triggerVoid('g', { x: 1 });
    await eventually(() => connections[1]?.length === 5);
    const [first = [], second = []] = connections;
    expect(first[0]).toMatchObject({
      type: 'invokefunction',
      function_id: 'engine::workers::register',
      action: { type: 'void' },
      data: { name: 'n', runtime: 'node', concurrency: 3, pid: process.pid },
    });
    expect(first.slice(1).map(({ type }) => type)).toEqual([
      'registertriggertype',
      'registerfunction',
      'registertrigger',
      'invokefunction',
    ]);
    expect(first[3]).toMatchObject({ trigger_type: 'mine', function_id: 'f', metadata: { m: 1 } });
    expect(second[0]).toEqual({
      type: 'reattach',
      previous_worker_id: 'w1',
      reattach_token: 't1',
    });
    expect(second.slice(1)).toEqual(first.slice(0, 4));
    await worker.shutdown({ graceMs: 0 });
    server.close();
  });
});

describe('a shutdown', () => {
  it('lets what runs finish, takes nothing new, and then closes', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const finish = gate();
    const started: unknown[] = [];
    worker.registerFunction('f', async (payload, { iii }) => {
      started.push(payload);
      await finish.opened;
      // A handler that drains still calls.
      await iii.publish('done', payload);
      return 'done';
    });
    await worker.ready();
    const producer = startWorker(url);
    const running = producer.call('f', 1);
    await eventually(() => started.length === 1);
    const stopped = worker.shutdown();
    expect(worker.shutdown()).toBe(stopped);
    expect(() => worker.registerFunction('g', () => 1)).toThrow(/stopping/);
    await eventually(() =>
      producer.call('f', 2).then(
        () => false,
        (error: unknown) => (error as { code: string }).code === 'function_not_found',
      ),
    );
    finish.open();
    expect(await running).toBe('done');
    await within(stopped, 5_000, 'the end of the shutdown');
    expect(started).toEqual([1]);
    await expect(worker.call('f')).rejects.toMatchObject({ code: 'worker_stopped' });
  });

  it('runs calls that were sent before the engine knew', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const results: unknown[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as Record<string, unknown>;
        if (frame['type'] === 'invocationresult') results.push(frame['result']);
        if (frame['type'] !== 'unregisterfunction') return;
        const call = { function_id: frame['id'], invocation_id: 'i', data: 7 };
        socket.send(JSON.stringify({ type: 'invokefunction', ...call }));
      });
    });
    const worker = startWorker(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const single = worker.registerFunction('f', (payload) => ({ f: payload }));
    worker.registerFunction('g', (payload) => ({ g: payload }));
    await worker.ready();
    single.unregister();
    await eventually(() => results.length === 1);
    await worker.shutdown();
    expect(results).toEqual([{ f: 7 }, { g: 7 }]);
    server.close();
  });

  it('aborts what does not finish in time; its job goes back without losing an attempt', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    let aborted: unknown;
    worker.registerFunction('slow', (_payload, { signal }) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
          reject(new Error('aborted'));
        });
      });
    });
    await worker.ready();
    const producer = startWorker(url);
    const { messageReceiptId: id } = await producer.trigger({
      function_id: 'slow',
      action: TriggerAction.Enqueue({ queue: 'mail' }),
    });
    const job = (): Promise<{ state: string; attempts: number }> =>
      producer.call('iii::job::get', { id });
    await eventually(async () => (await job()).state === 'in_flight');
    await worker.shutdown({ graceMs: 20 });
    expect(aborted).toMatchObject({ code: 'worker_stopped' });
    await eventually(async () => (await job()).state === 'waiting');
    expect(await job()).toMatchObject({ attempts: 0 });
  });

  it('ends also without an engine, and rejects what waits for one', async () => {
    const worker = startWorker('ws://127.0.0.1:1');
    const call = worker.call('f').catch((thrown: unknown) => thrown);
    const ready = worker.ready().catch((thrown: unknown) => thrown);
    await within(worker.shutdown(), 5_000, 'the end of the shutdown');
    expect(await call).toMatchObject({ code: 'worker_stopped' });
    expect(await ready).toMatchObject({ code: 'worker_stopped' });
  });
});
