import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALL_SDKS, SdkWorker } from '../support/sdk-worker.ts';

const SECURITY = { block_private_ips: false, require_https: false };
const CONFIG = JSON.stringify({
  workers: [
    { name: 'iii-http-functions', config: { security: SECURITY } },
    { name: 'iii-cron' },
    { name: 'iii-state' },
    { name: 'iii-pubsub' },
  ],
});

interface StateEvent {
  readonly event_type: string;
  readonly new_value: unknown;
}

describe.each(ALL_SDKS)('triggers of $name', (sdk) => {
  let engine: EngineProcess;
  let worker: SdkWorker;
  let observer: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: CONFIG });
    observer = await RawClient.connect(engine.url);
    worker = await SdkWorker.start(sdk, engine.url);
    for (const id of ['tick', 'on-state', 'on-message', 'on-mail']) {
      await worker.register(id, 'nothing');
    }
  });
  afterAll(async () => {
    await worker.close();
    observer.terminate();
    await engine.close();
  });

  const bind = async (type: string, function_id: string, config: object): Promise<string> => {
    const trigger = { type, function_id, config, metadata: { team: 'ops' } };
    const { result } = await worker.do('registerTrigger', { trigger });
    return result as string;
  };

  it('cron calls once a second', async () => {
    const key = await bind('cron', 'tick', { expression: '* * * * * *' });
    await worker.call('tick', 3);
    await worker.do('unregisterTrigger', { key });
    const times = worker.callsOf('tick').map(({ data }) => {
      const { trigger, scheduled_time } = data as { trigger: string; scheduled_time: string };
      expect(trigger).toBe('cron');
      return Date.parse(scheduled_time);
    });
    for (const [n, time] of times.entries()) expect(time).toBe(times[0]! + n * 1_000);
    if (sdk.metadata) expect(worker.callsOf('tick')[0]?.metadata).toEqual({ team: 'ops' });
  });

  it('state tells of each change', async () => {
    await bind('state', 'on-state', { scope: 'users' });
    const at = { scope: 'users', key: '7' };
    const call = async (functionId: string, more: object): Promise<unknown> =>
      (await worker.trigger({ functionId, payload: { ...at, ...more } })).result;
    const value = { n: 1 };
    expect(await call('state::set', { value })).toEqual({ old_value: null, new_value: value });
    const ops = [{ type: 'increment', path: 'n', by: 1 }];
    expect(await call('state::update', { ops })).toEqual({ old_value: value, new_value: { n: 2 } });
    expect(await call('state::get', {})).toEqual({ n: 2 });
    expect(await call('state::delete', {})).toEqual({ n: 2 });
    expect((await worker.trigger({ functionId: 'state::get', payload: at })).isUndefined).toBe(
      true,
    );
    await worker.call('on-state', 3);
    const events = worker.callsOf('on-state').map(({ data }) => data as StateEvent);
    expect(events.map((event) => [event.event_type, event.new_value])).toEqual([
      ['state:created', { n: 1 }],
      ['state:updated', { n: 2 }],
      ['state:deleted', null],
    ]);
  });

  it('subscribe gets what is published', async () => {
    await bind('subscribe', 'on-message', { topic: 'news' });
    await worker.trigger({ functionId: 'publish', payload: { topic: 'news', data: { n: 1 } } });
    expect((await worker.call('on-message')).data).toEqual({ n: 1 });
  });

  it('a type that another worker provides gets its bindings, and calls their functions', async () => {
    const provider = await SdkWorker.start(sdk, engine.url);
    await provider.do('provide', { triggerType: 'mailbox' });
    const key = await bind('mailbox', 'on-mail', { folder: 'in' });
    const { data } = await provider.call('mailbox bound');
    expect(data).toMatchObject({ function_id: 'on-mail', config: { folder: 'in' } });
    const { function_id: functionId } = data as { function_id: string };
    await provider.trigger({ functionId, payload: { subject: 'hello' } });
    expect((await worker.call('on-mail')).data).toEqual({ subject: 'hello' });
    await worker.do('unregisterTrigger', { key });
    // older SDKs do not pass on that a binding ended
    if (sdk.isRecent) await provider.call('mailbox unbound');
    await provider.close();
  });

  it('a function behind a URL runs as a job', async () => {
    const bodies: string[] = [];
    const server = await listen((body) => bodies.push(body));
    const url = `http://localhost:${(server.address() as AddressInfo).port}/hook`;
    const { positional } = sdk;
    const invocation = { url, method: 'POST' };
    await worker.do('registerHttp', { functionId: 'ext::hook', invocation, positional });
    expect((await worker.trigger({ functionId: 'ext::hook', payload: { n: 1 } })).result).toEqual({
      seen: 1,
    });
    const id = await worker.enqueue('default', 'ext::hook', { n: 2 });
    const job = await observer.call('iii::job::wait', { id, timeoutMs: 8_000 });
    expect(job).toMatchObject({ state: 'completed' });
    expect(bodies).toEqual(['{"n":1}', '{"n":2}']);
    server.close();
  });

  it('that cannot be are in the log of the engine, and shown by the SDK that shows them', async () => {
    await bind('cron', 'tick', { expression: '99 * * * *' });
    await eventually(() => engine.stderr.includes("field 'minute'"));
    if (sdk.isRecent) {
      await eventually(() => worker.stderr.includes("field 'minute'"));
    }
  });
});

async function listen(onBody: (body: string) => number): Promise<Server> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => response.end(JSON.stringify({ seen: onBody(body) })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
