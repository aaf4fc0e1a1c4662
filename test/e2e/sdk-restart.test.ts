import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALL_SDKS, SdkWorker } from '../support/sdk-worker.ts';

const CONFIG = JSON.stringify({
  workers: [
    {
      name: 'iii-queue',
      config: {
        queue_configs: {
          mail: { max_retries: 2, backoff_ms: 10 },
          payment: { type: 'fifo', message_group_field: 'account' },
        },
      },
    },
    {
      name: 'iii-http-functions',
      config: { security: { block_private_ips: false, require_https: false } },
    },
  ],
});

/** In the spelling of the oldest documents. */
const FAILING = {
  topic: 'orders',
  metadata: {
    infrastructure: { queue: { max_retries: 1, dead_letter_topic: 'orders.failed' } },
  },
};

const FUNCTIONS = [
  ...['on-order', 'on-audit', 'on-failed', 'on-state', 'on-news', 'on-log', 'on-request'],
  ...['on-functions', 'on-workers', 'on-pigeon', 'tick'],
];

const TRIGGERS = [
  ['queue', 'on-order', { topic: 'order.created', condition_function_id: 'wanted' }],
  ['durable:subscriber', 'on-audit', { topic: 'order.created', queue_config: { maxRetries: 2 } }],
  ['queue', 'breaks', FAILING],
  ['durable:subscriber', 'on-failed', { topic: 'orders.failed' }],
  ['state', 'on-state', { scope: 'users' }],
  ['subscribe', 'on-news', { topic: 'news' }],
  ['log', 'on-log', { level: 'warn' }],
  ['http', 'on-request', { api_path: '/request', http_method: 'POST' }],
  ['cron', 'tick', { expression: '* * * * * *' }],
  ['engine::functions-available', 'on-functions', {}],
  ['engine::workers-available', 'on-workers', {}],
  ['pigeon', 'on-pigeon', { loft: 1 }],
] as const;

const PUBLISH = ['enqueue', 'queue.enqueue', 'iii::durable::publish'];

describe.each(ALL_SDKS)('$name and a durable engine that is killed in the middle', (sdk) => {
  let engine: EngineProcess;
  let worker: SdkWorker;
  let observer: RawClient;
  let server: Server;
  let bodies: string[];
  /** Jobs of the FIFO queue; the first was in flight when the engine was killed. */
  let payments: string[];
  let delayed: string;

  const call = async (functionId: string, payload: unknown): Promise<unknown> => {
    const { result, error } = await worker.trigger({ functionId, payload });
    if (error !== undefined) throw new Error(`${functionId}: ${error.message}`);
    return result;
  };
  const publish = (data: unknown, topic = 'order.created', how = PUBLISH[0]!): Promise<unknown> =>
    call(how, { topic, data });
  const dataOf = (functionId: string, of = worker): unknown[] =>
    of.callsOf(functionId).map(({ data }) => data);
  const bindings = async (): Promise<string[]> => {
    const listed = await observer.call<{ registered_triggers: { trigger_type: string }[] }>(
      'engine::registered-triggers::list',
      { include_internal: true },
    );
    return listed.registered_triggers.map(({ trigger_type }) => trigger_type).sort();
  };
  const TYPES = TRIGGERS.map(([type]) => type).sort();

  beforeAll(async () => {
    bodies = [];
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        bodies.push(body);
        response.end('{"ok":true}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    engine = await EngineProcess.start({ config: CONFIG, durable: true });
    observer = await RawClient.connect(engine.url);
    worker = await SdkWorker.start(sdk, engine.url);
    await worker.do('provide', { triggerType: 'pigeon' });
    for (const id of FUNCTIONS) await worker.register(id, 'nothing');
    await worker.register('wanted', 'member', 'wanted');
    await worker.register('breaks', 'fail');
    await worker.register('pay', 'gate');
    const url = `http://localhost:${(server.address() as AddressInfo).port}/hook`;
    const invocation = { url, method: 'POST' };
    const { positional } = sdk;
    await worker.do('registerHttp', { functionId: 'ext::hook', invocation, positional });
    for (const [type, function_id, config] of TRIGGERS) {
      await worker.do('registerTrigger', { trigger: { type, function_id, config } });
    }
    await eventually(async () => (await bindings()).join() === TYPES.join());

    // a subscriber that is not there when messages come
    const away = await SdkWorker.start(sdk, engine.url);
    await away.register('archive', 'nothing');
    const trigger = { type: 'queue', function_id: 'archive', config: { topic: 'order.created' } };
    await away.do('registerTrigger', { trigger });
    await away.trigger({ functionId: 'archive', payload: {} });
    await away.close();
    await eventually(async () => (await bindings()).join() === TYPES.join());

    for (const [n, how] of PUBLISH.entries()) await publish({ n, wanted: true }, undefined, how);
    await publish({ n: 3, wanted: false });
    await worker.call('on-order', 3);
    await worker.call('on-audit', 4);
    await publish({ broken: 1 }, 'orders');
    await worker.call('on-failed');
    await call('state::set', { scope: 'users', key: 'ada', value: { visits: 1 } });
    await worker.call('tick');
    payments = [];
    for (const n of [1, 2, 3]) {
      payments.push(await worker.enqueue('payment', 'pay', { account: 'a', n }));
    }
    const later = { queue: 'mail', options: { delay_ms: 1_000 } };
    const receipt = await worker.trigger({
      functionId: 'on-audit',
      payload: { later: 1 },
      ...later,
    });
    delayed = (receipt.result as { messageReceiptId: string }).messageReceiptId;
    await worker.call('pay');

    observer.terminate();
    engine = await engine.killAndRestart();
    observer = await RawClient.connect(engine.url);
    await eventually(async () => (await bindings()).join() === TYPES.join());
  });

  afterAll(async () => {
    await worker.close();
    observer.terminate();
    await engine.close();
    server.close();
  });

  it('got every message before, under each of the three names of publishing', () => {
    expect(dataOf('on-order').slice(0, 3)).toEqual([0, 1, 2].map((n) => ({ n, wanted: true })));
    expect(dataOf('on-audit').slice(0, 4)).toMatchObject([0, 1, 2, 3].map((n) => ({ n })));
  });

  it('runs the jobs of a queue on, in their order, without a lost attempt', async () => {
    for (const nth of [2, 3, 4]) await worker.open(await worker.call('pay', nth));
    for (const id of payments) {
      const job = await observer.call('iii::job::wait', { id, timeoutMs: 8_000 });
      const interruptions = id === payments[0] ? 1 : 0;
      expect(job).toMatchObject({ id, state: 'completed', attempts: 1, interruptions });
    }
    expect(dataOf('pay').map((data) => (data as { n: number }).n)).toEqual([1, 1, 2, 3]);
    const late = await observer.call('iii::job::wait', { id: delayed, timeoutMs: 8_000 });
    expect(late).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('gets each message once, and none again that was done with', async () => {
    const before = dataOf('on-audit').length;
    await publish({ n: 4, wanted: true });
    expect((await worker.call('on-order', 4)).data).toEqual({ n: 4, wanted: true });
    await worker.call('on-audit', before + 1);
    await pause(200);
    expect(dataOf('on-order')).toHaveLength(4);
    expect(dataOf('on-audit')).toHaveLength(before + 1);
  });

  it('keeps what came for a subscriber that was away, before and after', async () => {
    const back = await SdkWorker.start(sdk, engine.url);
    await back.register('archive', 'nothing');
    await back.call('archive', 5);
    await pause(100);
    const numbers = dataOf('archive', back).map((data) => (data as { n: number }).n);
    expect(numbers.sort()).toEqual([0, 1, 2, 3, 4]);
    await back.close();
  });

  it('finds its dead messages, and redrives them', async () => {
    expect(dataOf('on-failed')).toEqual([{ broken: 1 }]);
    expect(await call('queue.dlq_count', { topic: 'orders' })).toBe(1);
    expect(await call('queue.redrive_dlq', { topic: 'orders' })).toBe(1);
    await worker.call('on-failed', 2);
    // it fails again; the copy for the dead-letter topic leaves before it counts as dead
    await eventually(async () => (await call('queue.dlq_count', { topic: 'orders' })) === 1);
  });

  it('finds its state, and is told of changes once', async () => {
    const at = { scope: 'users', key: 'ada' };
    expect(await call('state::get', at)).toEqual({ visits: 1 });
    const ops = [{ type: 'increment', path: 'visits', by: 1 }];
    await call('state::update', { ...at, ops });
    await worker.call('on-state', 2);
    await pause(100);
    expect(dataOf('on-state')).toMatchObject([
      { event_type: 'state:created', new_value: { visits: 1 } },
      { event_type: 'state:updated', old_value: { visits: 1 }, new_value: { visits: 2 } },
    ]);
  });

  it('has cron fire once per tick', async () => {
    const ticks = worker.callsOf('tick').length;
    await worker.call('tick', ticks + 2);
    const times = dataOf('tick').map((data) => (data as { scheduled_time: string }).scheduled_time);
    expect(new Set(times).size).toBe(times.length);
  });

  it('answers HTTP requests again', async () => {
    const response = await fetch(`${String(engine.ready.httpUrl)}/request`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(response.status).toBe(200);
    const [request] = dataOf('on-request');
    expect(request).toMatchObject({ body: { a: 1 }, method: 'POST' });
    expect(dataOf('on-request')).toHaveLength(1);
  });

  it('gets what is published, logged and changed, once each', async () => {
    await call('publish', { topic: 'news', data: { n: 1 } });
    expect((await worker.call('on-news')).data).toEqual({ n: 1 });
    await call('engine::log::info', { message: 'not wanted' });
    await call('engine::log::warn', { message: 'look here', data: { n: 2 } });
    expect((await worker.call('on-log')).data).toMatchObject({
      severity_text: 'WARN',
      body: 'look here',
    });
    const known = worker.callsOf('on-workers').length;
    const other = await SdkWorker.start(sdk, engine.url);
    await other.register('newcomer', 'nothing');
    await worker.call('on-workers', known + 1);
    const told = await eventually(() => {
      const { functions } = (dataOf('on-functions').at(-1) ?? { functions: [] }) as {
        functions: { function_id: string }[];
      };
      return functions.some(({ function_id }) => function_id === 'newcomer');
    });
    expect(told).toBe(true);
    await other.close();
    await eventually(() =>
      dataOf('on-workers').some(
        (data) => (data as { event: string }).event === 'worker_disconnected',
      ),
    );
    expect([dataOf('on-news').length, dataOf('on-log').length]).toEqual([1, 1]);
  });

  it('provides its trigger type again, and gets its bindings', async () => {
    expect((await worker.call('pigeon bound', 2)).data).toMatchObject({
      function_id: 'on-pigeon',
      config: { loft: 1 },
    });
    await call('on-pigeon', { letter: 1 });
    expect(dataOf('on-pigeon')).toEqual([{ letter: 1 }]);
  });

  it('has its function behind a URL again, for calls and for jobs', async () => {
    expect(await call('ext::hook', { n: 1 })).toEqual({ ok: true });
    const id = await worker.enqueue('mail', 'ext::hook', { n: 2 });
    expect(await observer.call('iii::job::wait', { id, timeoutMs: 8_000 })).toMatchObject({
      state: 'completed',
    });
    expect(bodies).toEqual(['{"n":1}', '{"n":2}']);
  });
});
