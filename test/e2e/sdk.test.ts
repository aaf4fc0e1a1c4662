import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliJson } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { OWN_SDK, SDK_VERSIONS, SdkWorker } from '../support/sdk-worker.ts';

const CONFIG = engineConfig({
  mail: { max_retries: 3, backoff_ms: 30 },
  billing: {},
  payment: { type: 'fifo', message_group_field: 'account', backoff_ms: 30 },
});

const CASES = [
  ...SDK_VERSIONS.flatMap((sdk) => [true, false].map((telemetry) => ({ ...sdk, telemetry }))),
  { ...OWN_SDK, telemetry: false },
].map((sdk) => ({ ...sdk, label: sdk.telemetry ? 'on' : 'off' }));

interface WorkerRow {
  readonly name: string;
  readonly version: string;
  readonly runtime: string;
  readonly pid: number;
  readonly functions: readonly string[];
}
interface QueueRow {
  readonly name: string;
  readonly dead: number;
}

const FUNCTIONS = ['echo', 'fail', 'nothing', 'null'] as const;

describe.each(CASES)('$name, telemetry $label', (sdk) => {
  let engine: EngineProcess;
  let worker: SdkWorker;
  let observer: RawClient;
  /** What the worker had written before the part that runs. */
  let written = 0;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: CONFIG, durable: true });
    observer = await RawClient.connect(engine.url);
    worker = await SdkWorker.start(sdk, engine.url, { telemetry: sdk.telemetry });
    for (const behaviour of FUNCTIONS) await worker.register(behaviour, behaviour);
    // a direct call that is answered shows that all registrations before it have arrived
    await worker.trigger({ functionId: 'echo', payload: 0 });
  });
  afterAll(async () => {
    await worker.close();
    observer.terminate();
    await engine.close();
  });

  const ended = (id: string): Promise<Readonly<Record<string, unknown>>> =>
    observer.call('iii::job::wait', { id, timeoutMs: 8_000 });

  describe.each(['at first', 'after the engine was killed'])('%s', (part) => {
    if (part !== 'at first') {
      beforeAll(async () => {
        observer.terminate();
        engine = await engine.killAndRestart();
        observer = await RawClient.connect(engine.url);
        // with telemetry an SDK connects twice, and may say more until both connections are back
        await eventually(async () => {
          const [row] = await cliJson<WorkerRow[]>(['worker', 'list'], { engine });
          return row?.functions.join() === FUNCTIONS.join();
        });
        written = worker.stderr.length;
      });
    }

    it('calls a function and gets its result', async () => {
      const payload = { text: 'héllo 🚀', list: [1, null, { deep: true }], n: 1.5 };
      const { result } = await worker.trigger({ functionId: 'echo', payload });
      expect(result).toEqual(payload);
      expect((await worker.trigger({ functionId: 'echo', payload: 'text' })).result).toBe('text');
      expect((await worker.trigger({ functionId: 'echo', payload: false })).result).toBe(false);
    });

    it('a payload of undefined or null, and a result of undefined or null, pass', async () => {
      const before = worker.callsOf('echo').length;
      expect((await worker.trigger({ functionId: 'echo', noPayload: true })).error).toBeUndefined();
      expect((await worker.trigger({ functionId: 'echo', payload: null })).error).toBeUndefined();
      for (const nth of [1, 2])
        expect((await worker.call('echo', before + nth)).data ?? null).toBeNull();
      for (const functionId of ['nothing', 'null']) {
        const outcome = await worker.trigger({ functionId, payload: {} });
        expect(outcome.error).toBeUndefined();
        expect(outcome.result ?? null).toBeNull();
      }
    });

    it('sees errors as this version shows them', async () => {
      const missing = await worker.trigger({ functionId: 'no::such', payload: {} });
      expect(missing.error).toMatchObject({
        code: 'function_not_found',
        message: expect.stringContaining('Function no::such not found'),
        isError: sdk.version !== '0.9.0',
      });
      const failed = await worker.trigger({ functionId: 'fail', payload: {} });
      expect(failed.error).toMatchObject({
        code: 'invocation_failed',
        message: expect.stringContaining('boom'),
      });
    });

    it('calls without waiting', async () => {
      const before = worker.callsOf('fail').length;
      const outcome = await worker.trigger({ functionId: 'fail', payload: { v: 1 }, isVoid: true });
      expect(outcome).toMatchObject({ isUndefined: true });
      expect((await worker.call('fail', before + 1)).data).toEqual({ v: 1 });
      await worker.trigger({ functionId: 'no::such', payload: {}, isVoid: true });
    });

    it('enqueues, gets a receipt, and the job runs with its payload', async () => {
      const before = worker.callsOf('echo').length;
      const id = await worker.enqueue('mail', 'echo', { to: 'a@b.c' });
      expect(id).toMatch(/^[\da-f-]{36}$/);
      const call = await worker.call('echo', before + 1);
      expect(call.data).toEqual({ to: 'a@b.c' });
      if (sdk.metadata) {
        expect(call.metadata).toMatchObject({
          'iii.job': { id, queue: 'mail', attempt: 1, max_attempts: 3 },
        });
      }
      expect(await ended(id)).toMatchObject({ id, state: 'completed', attempts: 1 });
    });

    it.each([
      ['an unknown queue', 'nowhere', { account: 1 }, ['nowhere', 'payment']],
      ['a missing group field', 'payment', { amount: 1 }, ['payment', 'account']],
      ['a group field of null', 'payment', { account: null }, ['account', 'null']],
    ])('sees enqueue_error for %s', async (_, queue, payload, words) => {
      const { error } = await worker.trigger({ functionId: 'echo', payload, queue });
      expect(error?.code).toBe('enqueue_error');
      for (const word of words) expect(error?.message).toContain(word);
    });

    it('passes more options of an enqueue through', async () => {
      const before = worker.callsOf('echo').length;
      const options = { delay_ms: 200, dedup_key: `once ${part}` };
      const enqueue = { functionId: 'echo', payload: { once: 1 }, queue: 'mail', options };
      const [first, second] = [await worker.trigger(enqueue), await worker.trigger(enqueue)];
      expect(second.result).toEqual(first.result);
      await worker.call('echo', before + 1);
      const { messageReceiptId: id } = first.result as { messageReceiptId: string };
      expect(await ended(id)).toMatchObject({ state: 'completed', dedupKey: `once ${part}` });
    });

    it('a failing job is tried again with backoff, then dead, then redriven', async () => {
      const before = worker.callsOf('flaky').length;
      await worker.register('flaky', 'fail_times', 3);
      const id = await worker.enqueue('mail', 'flaky', { n: 1 });
      const dead = await ended(id);
      expect(dead).toMatchObject({ state: 'dead', reason: 'exhausted', attempts: 3 });
      expect(dead['history']).toMatchObject(
        [1, 2, 3].map((n) => ({
          attempt: n,
          outcome: 'failed',
          error: { code: 'invocation_failed', message: `failure ${n}`, stack: expect.any(String) },
        })),
      );
      const redriven = await worker.trigger({
        functionId: 'iii::queue::redrive',
        payload: { queue: 'mail' },
      });
      expect(redriven.result).toEqual({ queue: 'mail', redriven: 1 });
      expect(await ended(id)).toMatchObject({ id, state: 'completed', attempts: 1 });
      expect(worker.callsOf('flaky')).toHaveLength(before + 4);
      await worker.unregister('flaky');
    });

    it('a handler may enqueue further', async () => {
      const before = worker.callsOf('echo').length;
      await worker.register('step', 'forward', { queue: 'billing', functionId: 'echo' });
      const id = await worker.enqueue('mail', 'step', { order: 7 });
      expect((await worker.call('echo', before + 1)).data).toEqual({ order: 7, forwarded: true });
      expect(await ended(id)).toMatchObject({ state: 'completed' });
      await worker.unregister('step');
    });

    if (sdk.telemetry)
      it('the trace of the caller reaches the job', async () => {
        const before = worker.callsOf('echo').length;
        const traced = await worker.do('traced', { functionId: 'echo', queue: 'mail' });
        expect(traced.result).toMatch(/^[\da-f]{32}$/);
        expect((await worker.call('echo', before + 1)).traceId).toBe(traced.result);
      });

    if (sdk.metadata)
      it('metadata of a call reaches the handler beside the data', async () => {
        const before = worker.callsOf('echo').length;
        await worker.trigger({ functionId: 'echo', payload: 1, metadata: { session: 's1' } });
        expect((await worker.call('echo', before + 1)).metadata).toEqual({ session: 's1' });
      });

    if (sdk.listings.length > 0)
      it('its listing helpers get the shapes they read', async () => {
        const functions = (await worker.do('list', { helper: 'listFunctions' })).result;
        expect(functions).toContainEqual(
          expect.objectContaining({ function_id: 'echo', description: 'a test function' }),
        );
        const workers = (await worker.do('list', { helper: 'listWorkers' })).result;
        expect(workers).toEqual([
          expect.objectContaining({
            status: 'connected',
            runtime: 'node',
            version: sdk.version,
            functions: expect.arrayContaining(['echo', 'fail']),
            active_invocations: expect.any(Number),
          }),
        ]);
        const trigger = {
          type: 'http',
          function_id: 'echo',
          config: { api_path: `/listed/${part}` },
        };
        await worker.do('registerTrigger', { trigger });
        const triggers = (await worker.do('list', { helper: 'listTriggers' })).result;
        expect(triggers).toContainEqual(
          expect.objectContaining({ trigger_type: 'http', function_id: 'echo' }),
        );
      });

    it('a trigger of a type nobody provides is parked and does no harm', async () => {
      const trigger = { type: 'carrier-pigeon', function_id: 'echo', config: { loft: 1 } };
      const { result: key } = await worker.do('registerTrigger', { trigger });
      expect((await worker.trigger({ functionId: 'echo', payload: 1 })).result).toBe(1);
      await worker.do('unregisterTrigger', { key });
      expect((await worker.trigger({ functionId: 'echo', payload: 2 })).result).toBe(2);
    });

    it('unregisters a function, and registers it again', async () => {
      await worker.register('passing', 'echo');
      expect((await worker.trigger({ functionId: 'passing', payload: 1 })).result).toBe(1);
      await worker.unregister('passing');
      const gone = await worker.trigger({ functionId: 'passing', payload: 1 });
      expect(gone.error?.code).toBe('function_not_found');
      const id = await worker.enqueue('mail', 'passing', 2);
      await worker.register('passing', 'echo');
      expect(await ended(id)).toMatchObject({ state: 'completed', attempts: 1 });
      await worker.unregister('passing');
    });

    it('is one worker in the list, whatever sockets its telemetry opens', async () => {
      const workers = await cliJson<WorkerRow[]>(['worker', 'list'], { engine });
      expect(workers).toHaveLength(1);
      expect(workers[0]).toMatchObject({
        runtime: 'node',
        version: sdk.version,
        pid: worker.pid,
        functions: FUNCTIONS,
      });
      const queues = await cliJson<QueueRow[]>(['queue', 'list'], { engine });
      expect(queues.filter(({ dead }) => dead > 0)).toEqual([]);
    });

    it('has nothing to complain about', async () => {
      await pause(50);
      const lines = worker.stderr
        .slice(written)
        .split('\n')
        .filter((line) => line.trim() !== '');
      // without telemetry every SDK says so itself when it is told its worker id
      const expected = /Worker metrics disabled/;
      expect(lines.filter((line) => sdk.telemetry || !expected.test(line))).toEqual([]);
      const complaints = engine.stderr
        .split('\n')
        .filter((line) => /"level":"(warn|error)"/.test(line));
      expect(complaints).toEqual([]);
    });
  });
});
