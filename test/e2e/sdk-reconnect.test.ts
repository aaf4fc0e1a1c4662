import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineConfig, testToken } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { Relay } from '../support/relay.ts';
import { ALL_SDKS, SdkWorker, type SdkVersion, type WorkerStart } from '../support/sdk-worker.ts';

const CONFIG = engineConfig({
  mail: { max_retries: 1, backoff_ms: 30 },
  payment: { type: 'fifo', message_group_field: 'account', max_retries: 1 },
});

const closing: (() => void | Promise<void>)[] = [];

async function startEngine(port?: number): Promise<EngineProcess> {
  const engine = await EngineProcess.start({
    config: CONFIG,
    ...(port === undefined ? {} : { port }),
  });
  closing.push(() => engine.close());
  return engine;
}

async function startWorker(
  sdk: SdkVersion,
  url: string,
  options?: WorkerStart,
): Promise<SdkWorker> {
  const worker = await SdkWorker.start(sdk, url, options);
  closing.push(() => worker.close());
  return worker;
}

async function connect(url: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  closing.push(() => client.terminate());
  return client;
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Listing {
  readonly workers: readonly { readonly id: string; readonly functions: readonly string[] }[];
}

/** Waits until exactly this many workers offer a function. */
async function offered(client: RawClient, functionId: string, times: number): Promise<void> {
  await eventually(async () => {
    const { workers } = await client.call<Listing>('iii::worker::list');
    return workers.filter(({ functions }) => functions.includes(functionId)).length === times;
  });
}

describe.each(ALL_SDKS)('$name through losses', (sdk) => {
  let engine: EngineProcess;
  let client: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: CONFIG });
    client = await RawClient.connect(engine.url);
  });
  afterAll(async () => {
    client.terminate();
    await engine.close();
  });

  it('two workers share a function, and calls go to both', async () => {
    const [a, b] = [await startWorker(sdk, engine.url), await startWorker(sdk, engine.url)];
    await a.register('shared', 'gate');
    await b.register('shared', 'gate');
    await offered(client, 'shared', 2);
    for (let n = 0; n < 4; n++) await client.accepted('mail', 'shared', String(n));
    await a.call('shared', 2);
    await b.call('shared', 2);
    expect([a.calls.length, b.calls.length]).toEqual([2, 2]);
  });

  it('a worker killed in the middle of a job costs no attempt; the job runs on the other', async () => {
    const victim = await startWorker(sdk, engine.url, { telemetry: true });
    await victim.register('charge', 'hang');
    await offered(client, 'charge', 1);
    const ids: string[] = [];
    for (const n of [1, 2, 3]) {
      ids.push(await client.accepted('payment', 'charge', `{"account":"a","n":${n}}`));
    }
    await victim.call('charge');
    victim.kill('SIGKILL');
    const heir = await startWorker(sdk, engine.url);
    await heir.register('charge', 'echo');
    await heir.call('charge', 3);
    expect(heir.calls.map(({ data }) => (data as { n: number }).n)).toEqual([1, 2, 3]);
    const first = await client.call('iii::job::wait', { id: ids[0] });
    expect(first).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
    await offered(client, 'charge', 1);
  });

  it('a worker outlives its engines, stopped in order or killed', async () => {
    const first = await startEngine();
    const { port } = first;
    const worker = await startWorker(sdk, first.url, { telemetry: true });
    await worker.register('echo', 'echo');
    await offered(await connect(first.url), 'echo', 1);
    expect((await first.stop()).code).toBe(0);

    const second = await startEngine(port);
    await offered(await connect(second.url), 'echo', 1);
    second.kill('SIGKILL');
    await second.exited;

    const third = await connect((await startEngine(port)).url);
    await offered(third, 'echo', 1);
    const id = await third.accepted('mail', 'echo', '{"n":1}');
    expect(await third.call('iii::job::wait', { id })).toMatchObject({ state: 'completed' });
    expect((await worker.trigger({ functionId: 'echo', payload: 'again' })).result).toBe('again');
  });

  it('a connection cut on its way is replaced, and the job it held runs again', async () => {
    const relay = await Relay.to(engine.port);
    closing.push(() => relay.close());
    const worker = await startWorker(sdk, relay.url);
    await worker.register('cut', 'gate');
    await offered(client, 'cut', 1);
    const id = await client.accepted('mail', 'cut', '{"n":1}');
    const first = await worker.call('cut');
    relay.cut();
    const second = await worker.call('cut', 2);
    await worker.open(first);
    await worker.open(second);
    const job = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
    expect(job).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
    await offered(client, 'cut', 1);
  });

  it('a half-open connection does not hold its job when the worker comes back', async () => {
    const relay = await Relay.to(engine.port);
    closing.push(() => relay.close());
    const worker = await startWorker(sdk, relay.url);
    await worker.register('stale', 'gate');
    await offered(client, 'stale', 1);
    const id = await client.accepted('mail', 'stale', '{"n":1}');
    await worker.call('stale');
    relay.cutWorkerSide();
    if (sdk.isRecent) {
      // it tells the engine which connection it had before
      await worker.open(await worker.call('stale', 2));
      const job = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
      expect(job).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
      await offered(client, 'stale', 1);
    } else {
      // older ones cannot say so; the engine serves the new connection beside the old one
      await offered(client, 'stale', 2);
      const next = await client.accepted('mail', 'stale', '{"n":2}');
      await worker.open(await worker.call('stale', 2));
      expect(await client.call('iii::job::wait', { id: next })).toMatchObject({
        state: 'completed',
      });
    }
  });

  it('a clean shutdown takes its functions away and gives its job back', async () => {
    const worker = await startWorker(sdk, engine.url, { telemetry: true });
    await worker.register('leaving', 'gate');
    await offered(client, 'leaving', 1);
    const id = await client.accepted('mail', 'leaving', '{}');
    await worker.call('leaving');
    await worker.do('shutdown', {});
    await offered(client, 'leaving', 0);
    const job = await client.call('iii::job::get', { id });
    expect(job).toMatchObject({ state: 'waiting', attempts: 0, interruptions: 1 });
  });
});

describe('SDKs that can send headers, with tokens', () => {
  it.each(ALL_SDKS.slice(1))('$name gets in with its token', async (sdk) => {
    const { token, entry } = testToken('worker');
    const engine = await EngineProcess.start({
      config: engineConfig({}, { auth: { tokens: [entry] } }),
    });
    closing.push(() => engine.close());
    const worker = await startWorker(sdk, engine.url, { token });
    await worker.register('echo', 'echo');
    expect((await worker.trigger({ functionId: 'echo', payload: 1 })).result).toBe(1);
    const { error } = await worker.trigger({ functionId: 'iii::queue::list', payload: {} });
    expect(error?.code).toBe('FORBIDDEN');
  });
});
