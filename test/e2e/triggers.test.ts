import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { offered } from '../support/offered.ts';
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

const FUNCTIONS = ['on-mail', 'on-message', 'on-state', 'tick'];

describe.each(ALL_SDKS)('triggers of $name', (sdk) => {
  let engine: EngineProcess;
  let worker: SdkWorker;
  let observer: RawClient;
  let server: Server;
  /** Bodies that reached the function behind a URL. */
  const bodies: string[] = [];
  /** What the worker had written before the part that runs. */
  let written = 0;

  beforeAll(async () => {
    server = await listen((body) => bodies.push(body));
    engine = await EngineProcess.start({ config: CONFIG, durable: true });
    observer = await RawClient.connect(engine.url);
    worker = await SdkWorker.start(sdk, engine.url);
    for (const id of FUNCTIONS) await worker.register(id, 'nothing');
    const url = `http://localhost:${(server.address() as AddressInfo).port}/hook`;
    const invocation = { url, method: 'POST' };
    const { positional } = sdk;
    await worker.do('registerHttp', { functionId: 'ext::hook', invocation, positional });
  });
  afterAll(async () => {
    await worker.close();
    observer.terminate();
    await engine.close();
    server.close();
  });

  const bind = async (type: string, function_id: string, config: object): Promise<string> => {
    const trigger = { type, function_id, config, metadata: { team: 'ops' } };
    const { result } = await worker.do('registerTrigger', { trigger });
    return result as string;
  };

  const unbind = async (key: string): Promise<void> => {
    await worker.do('unregisterTrigger', { key });
  };

  describe.each(['at first', 'after the engine was killed'])('%s', (part) => {
    if (part !== 'at first') {
      beforeAll(async () => {
        observer.terminate();
        engine = await engine.killAndRestart();
        observer = await RawClient.connect(engine.url);
        await offered(observer, 'ext::hook');
        written = worker.stderr.length;
      });
    }

    it('cron calls once a second', async () => {
      const before = worker.callsOf('tick').length;
      const key = await bind('cron', 'tick', { expression: '* * * * * *' });
      await worker.call('tick', before + 3);
      await unbind(key);
      const calls = worker.callsOf('tick').slice(before);
      const times = calls.map(({ data }) => {
        const { trigger, scheduled_time } = data as { trigger: string; scheduled_time: string };
        expect(trigger).toBe('cron');
        return Date.parse(scheduled_time);
      });
      for (const [n, time] of times.entries()) expect(time).toBe(times[0]! + n * 1_000);
      if (sdk.metadata) expect(calls[0]?.metadata).toEqual({ team: 'ops' });
    });

    it('state tells of each change', async () => {
      const before = worker.callsOf('on-state').length;
      const key = await bind('state', 'on-state', { scope: 'users' });
      const at = { scope: 'users', key: '7' };
      const call = async (functionId: string, more: object): Promise<unknown> =>
        (await worker.trigger({ functionId, payload: { ...at, ...more } })).result;
      const value = { n: 1 };
      expect(await call('state::set', { value })).toEqual({ old_value: null, new_value: value });
      const ops = [{ type: 'increment', path: 'n', by: 1 }];
      expect(await call('state::update', { ops })).toEqual({
        old_value: value,
        new_value: { n: 2 },
      });
      expect(await call('state::get', {})).toEqual({ n: 2 });
      expect(await call('state::delete', {})).toEqual({ n: 2 });
      expect((await worker.trigger({ functionId: 'state::get', payload: at })).isUndefined).toBe(
        true,
      );
      await worker.call('on-state', before + 3);
      await unbind(key);
      const calls = worker.callsOf('on-state').slice(before);
      const events = calls.map(({ data }) => data as StateEvent);
      expect(events.map((event) => [event.event_type, event.new_value])).toEqual([
        ['state:created', { n: 1 }],
        ['state:updated', { n: 2 }],
        ['state:deleted', null],
      ]);
    });

    it('subscribe gets what is published', async () => {
      const before = worker.callsOf('on-message').length;
      const key = await bind('subscribe', 'on-message', { topic: 'news' });
      await worker.trigger({ functionId: 'publish', payload: { topic: 'news', data: { n: 1 } } });
      expect((await worker.call('on-message', before + 1)).data).toEqual({ n: 1 });
      await unbind(key);
    });

    it('a type that another worker provides gets its bindings, and calls their functions', async () => {
      const before = worker.callsOf('on-mail').length;
      const provider = await SdkWorker.start(sdk, engine.url);
      await provider.do('provide', { triggerType: 'mailbox' });
      const key = await bind('mailbox', 'on-mail', { folder: 'in' });
      const { data } = await provider.call('mailbox bound');
      expect(data).toMatchObject({ function_id: 'on-mail', config: { folder: 'in' } });
      const { function_id: functionId } = data as { function_id: string };
      await provider.trigger({ functionId, payload: { subject: 'hello' } });
      expect((await worker.call('on-mail', before + 1)).data).toEqual({ subject: 'hello' });
      await unbind(key);
      // older SDKs do not pass on that a binding ended
      if (sdk.isRecent) await provider.call('mailbox unbound');
      await provider.close();
    });

    it('a function behind a URL runs as a job', async () => {
      const before = bodies.length;
      expect((await worker.trigger({ functionId: 'ext::hook', payload: { n: 1 } })).result).toEqual(
        {
          seen: before + 1,
        },
      );
      const id = await worker.enqueue('default', 'ext::hook', { n: 2 });
      const job = await observer.call('iii::job::wait', { id, timeoutMs: 8_000 });
      expect(job).toMatchObject({ state: 'completed' });
      expect(bodies.slice(before)).toEqual(['{"n":1}', '{"n":2}']);
    });

    it('that cannot be are in the log of the engine, and shown by the SDK that shows them', async () => {
      const key = await bind('cron', 'tick', { expression: '99 * * * *' });
      await eventually(() => engine.stderr.includes("field 'minute'"));
      if (sdk.isRecent) {
        await eventually(() => worker.stderr.slice(written).includes("field 'minute'"));
      }
      await unbind(key);
    });
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
