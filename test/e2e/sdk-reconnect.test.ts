import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { engineConfig, testToken } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { offered } from '../support/offered.ts';
import { RawClient } from '../support/raw-client.ts';
import { Relay } from '../support/relay.ts';
import { ALL_SDKS, SdkWorker, type SdkVersion, type WorkerStart } from '../support/sdk-worker.ts';

const CONFIG = engineConfig({
  mail: { max_retries: 1, backoff_ms: 30 },
  payment: { type: 'fifo', message_group_field: 'account', max_retries: 1 },
});

const closing: (() => void | Promise<void>)[] = [];

async function startWorker(
  sdk: SdkVersion,
  url: string,
  options?: WorkerStart,
): Promise<SdkWorker> {
  const worker = await SdkWorker.start(sdk, url, options);
  closing.push(() => worker.close());
  return worker;
}

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe.each(ALL_SDKS)('$name through losses', (sdk) => {
  let engine: EngineProcess;
  let client: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: CONFIG, durable: true });
    client = await RawClient.connect(engine.url);
  });
  afterAll(async () => {
    client.terminate();
    await engine.close();
  });

  it('a worker outlives its engines, stopped in order or killed', async () => {
    const worker = await startWorker(sdk, engine.url, { telemetry: true });
    await worker.register('outliving', 'echo');
    await offered(client, 'outliving');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      client.terminate();
      engine = await engine.restart(signal);
      client = await RawClient.connect(engine.url);
      await offered(client, 'outliving');
      const id = await client.accepted('mail', 'outliving', '{"n":1}');
      expect(await client.call('iii::job::wait', { id })).toMatchObject({ state: 'completed' });
      const { result } = await worker.trigger({ functionId: 'outliving', payload: 'again' });
      expect(result).toBe('again');
    }
  });

  describe.each(['at first', 'after it was killed'])('whose engine runs %s', (part) => {
    if (part !== 'at first') {
      beforeAll(async () => {
        client.terminate();
        engine = await engine.killAndRestart();
        client = await RawClient.connect(engine.url);
      });
    }
    /** A function of this part only: jobs that one part leaves behind are none of the other's. */
    const named = (name: string): string => `${name}, ${part}`;

    it('two workers share a function, and calls go to both', async () => {
      const [a, b] = [await startWorker(sdk, engine.url), await startWorker(sdk, engine.url)];
      await a.register(named('shared'), 'gate');
      await b.register(named('shared'), 'gate');
      await offered(client, named('shared'), 2);
      for (let n = 0; n < 4; n++) await client.accepted('mail', named('shared'), String(n));
      await a.call(named('shared'), 2);
      await b.call(named('shared'), 2);
      expect([a.calls.length, b.calls.length]).toEqual([2, 2]);
    });

    it('a worker killed in the middle of a job costs no attempt; the job runs on the other', async () => {
      const victim = await startWorker(sdk, engine.url, { telemetry: true });
      await victim.register(named('charge'), 'hang');
      await offered(client, named('charge'), 1);
      const ids: string[] = [];
      for (const n of [1, 2, 3]) {
        ids.push(await client.accepted('payment', named('charge'), `{"account":"a","n":${n}}`));
      }
      await victim.call(named('charge'));
      victim.kill('SIGKILL');
      const heir = await startWorker(sdk, engine.url);
      await heir.register(named('charge'), 'echo');
      await heir.call(named('charge'), 3);
      expect(heir.calls.map(({ data }) => (data as { n: number }).n)).toEqual([1, 2, 3]);
      const first = await client.call('iii::job::wait', { id: ids[0] });
      expect(first).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
      await offered(client, named('charge'), 1);
    });

    it('a connection cut on its way is replaced, and the job it held runs again', async () => {
      const relay = await Relay.to(engine.port);
      closing.push(() => relay.close());
      const worker = await startWorker(sdk, relay.url);
      await worker.register(named('cut'), 'gate');
      await offered(client, named('cut'), 1);
      const id = await client.accepted('mail', named('cut'), '{"n":1}');
      const first = await worker.call(named('cut'));
      relay.cut();
      const second = await worker.call(named('cut'), 2);
      await worker.open(first);
      await worker.open(second);
      const job = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
      expect(job).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
      await offered(client, named('cut'), 1);
    });

    it('a half-open connection does not hold its job when the worker comes back', async () => {
      const relay = await Relay.to(engine.port);
      closing.push(() => relay.close());
      const worker = await startWorker(sdk, relay.url);
      await worker.register(named('stale'), 'gate');
      await offered(client, named('stale'), 1);
      const id = await client.accepted('mail', named('stale'), '{"n":1}');
      await worker.call(named('stale'));
      relay.cutWorkerSide();
      if (sdk.isRecent) {
        // it tells the engine which connection it had before
        await worker.open(await worker.call(named('stale'), 2));
        const job = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
        expect(job).toMatchObject({ state: 'completed', attempts: 1, interruptions: 1 });
        await offered(client, named('stale'), 1);
      } else {
        // older ones cannot say so; the engine serves the new connection beside the old one
        await offered(client, named('stale'), 2);
        const next = await client.accepted('mail', named('stale'), '{"n":2}');
        await worker.open(await worker.call(named('stale'), 2));
        expect(await client.call('iii::job::wait', { id: next })).toMatchObject({
          state: 'completed',
        });
      }
    });

    it('a clean shutdown takes its functions away and gives its job back', async () => {
      const worker = await startWorker(sdk, engine.url, { telemetry: true });
      await worker.register(named('leaving'), 'gate');
      await offered(client, named('leaving'), 1);
      const id = await client.accepted('mail', named('leaving'), '{}');
      await worker.call(named('leaving'));
      await worker.do('shutdown', {});
      await offered(client, named('leaving'), 0);
      const job = await client.call('iii::job::get', { id });
      expect(job).toMatchObject({ state: 'waiting', attempts: 0, interruptions: 1 });
    });
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
