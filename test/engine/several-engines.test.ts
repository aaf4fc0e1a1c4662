import { afterEach, describe, expect, it } from 'vitest';
import { readForAlerts } from '../../src/admin/alert-readings.ts';
import { startApp, type App } from '../../src/app.ts';
import { systemRandom } from '../../src/base/random.ts';
import { parseConfig } from '../../src/config/load.ts';
import { QueueActivity } from '../../src/observe/queue-activity.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { useRedisServer } from '../support/redis-suite.ts';

describe('engines on one Redis', () => {
  const server = useRedisServer();
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  const startEngine = async (prefix: string): Promise<App> => {
    const adapter = {
      name: 'redis',
      config: { redis_url: server().url, key_prefix: prefix, lease_ms: 1_000 },
    };
    const workers = [{ name: 'iii-queue', config: { adapter, queue_configs: { mail: {} } } }];
    const { config } = parseConfig(JSON.stringify({ workers }), {
      ...{ file: null, env: {}, read: () => undefined, sha256: (text: string) => text },
      overrides: { port: 0, httpPort: 0, graceMs: 0 },
    });
    if (config === null) throw new Error('the configuration is wrong');
    const app = await startApp({ config });
    cleanUp.push(() => app.stop());
    return app;
  };
  const connect = async ({ url }: App): Promise<RawClient> => {
    const client = await RawClient.connect(url ?? '');
    cleanUp.push(() => {
      client.terminate();
    });
    return client;
  };
  const startTwo = async () => {
    const prefix = systemRandom.uuid();
    const clients = [
      await connect(await startEngine(prefix)),
      await connect(await startEngine(prefix)),
    ] as const;
    return clients;
  };

  it('run each other’s jobs, and count workers and jobs together', async () => {
    const [producer, worker] = await startTwo();
    await producer.accepted('mail', 'mail::send', '{"n":1}');
    interface Shown {
      readonly waiting: number;
      readonly workers: number;
      readonly waitingFor: readonly { readonly functionId: string }[];
    }
    const shown = () => producer.call<Shown>('iii::queue::get', { queue: 'mail' });
    expect(await shown()).toMatchObject({ waiting: 1, waitingFor: [{ functionId: 'mail::send' }] });
    worker.offer('mail::send');
    const delivered = await worker.delivery(1, 'mail::send');
    expect(delivered['data']).toEqual({ n: 1 });
    await eventually(async () => (await shown()).workers === 1);
    expect(await shown()).toMatchObject({ waiting: 0, waitingFor: [] });
  });

  it('each run as many jobs at once as the concurrency of their queue', async () => {
    const [one, two] = await startTwo();
    for (const client of [one, two]) client.offer('mail::send', () => undefined);
    for (let n = 0; n < 25; n++) await one.accepted('mail', 'mail::send', String(n));
    const running = () => [one, two].map((client) => client.deliveries('mail::send').length);
    await eventually(() => running().join() === '10,10');
    const shown = await one.call('iii::queue::get', { queue: 'mail' });
    expect(shown).toMatchObject({ waiting: 5, inFlight: 20 });
    expect(running()).toEqual([10, 10]);
  });

  it('know each other', async () => {
    const [one, two] = await startTwo();
    interface Listed {
      readonly engines: readonly { readonly id: string; readonly self: boolean }[];
    }
    const [first, second] = [
      await one.call<Listed>('iii::engine::list'),
      await two.call<Listed>('iii::engine::list'),
    ];
    expect(first.engines).toHaveLength(2);
    expect(first.engines.map(({ id }) => id)).toEqual(second.engines.map(({ id }) => id));
    expect(first.engines.map(({ self }) => self)).not.toEqual(
      second.engines.map(({ self }) => self),
    );
  });

  it('pause a queue for all of them', async () => {
    const [one, two] = await startTwo();
    two.offer('mail::send', () => ({ result: null }));
    await two.settled();
    await one.call('iii::queue::pause', { queue: 'mail' });
    interface Shown {
      readonly paused: boolean;
    }
    await eventually(
      async () => (await two.call<Shown>('iii::queue::get', { queue: 'mail' })).paused,
    );
    await two.accepted('mail', 'mail::send');
    await one.call('iii::queue::resume', { queue: 'mail' });
    await two.delivery(1, 'mail::send');
  });

  it('count jobs in flight, and who could run those that wait, over all of them', async () => {
    const prefix = systemRandom.uuid();
    const [app, other] = [await startEngine(prefix), await startEngine(prefix)];
    const [asked, busy] = [await connect(app), await connect(other)];
    busy.offer('mail::send');
    for (let n = 0; n < 11; n++) await asked.accepted('mail', 'mail::send');
    await busy.delivery(10, 'mail::send');
    expect(await asked.call('iii::queue::get', { queue: 'mail' })).toMatchObject({
      waiting: 1,
      inFlight: 10,
    });
    const activity = new QueueActivity(app.engine.clock);
    await eventually(async () => {
      const readings = await readForAlerts({ engine: app.engine, activity, self: 'this one' });
      return readings.find(({ queue }) => queue === 'mail')?.withoutWorker === 0;
    });
  });

  it('give a message published through one to those subscribed through another', async () => {
    const [publisher, subscriber] = await startTwo();
    subscriber.offer('mail::notify', () => ({ result: null }));
    subscriber.send({
      type: 'registertrigger',
      id: 't1',
      trigger_type: 'queue',
      function_id: 'mail::notify',
      config: { topic: 'order.created' },
    });
    interface Topics {
      readonly topics: readonly { readonly topic: string }[];
    }
    await eventually(
      async () => (await publisher.call<Topics>('iii::topic::list')).topics.length === 1,
    );
    await publisher.call('iii::durable::publish', { topic: 'order.created', data: { id: 7 } });
    expect((await subscriber.delivery(1, 'mail::notify'))['data']).toEqual({ id: 7 });
  });

  it('stay subscribed when Redis comes back empty', async () => {
    const prefix = systemRandom.uuid();
    const [one, two] = [
      await connect(await startEngine(prefix)),
      await connect(await startEngine(prefix)),
    ];
    two.offer('mail::send', () => ({ result: null }));
    two.send({
      ...{ type: 'registertrigger', id: 't', trigger_type: 'durable:subscriber' },
      ...{ function_id: 'mail::send', config: { topic: 'orders' } },
    });
    const stored = () => server().command('HLEN', `${prefix}:{values}:iii::subscriptions`);
    await eventually(async () => (await stored()) === 1);
    await server().command('FLUSHALL');
    await server().command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(async () => (await stored()) === 1);
    await one.call('iii::durable::publish', { topic: 'orders', data: { n: 1 } });
    expect((await two.delivery(1, 'mail::send'))['data']).toEqual({ n: 1 });
  });

  it('show each other’s tasks and who did what, and undo what the other ended', async () => {
    const [one, two] = await startTwo();
    one.offer('mail::send', () => ({ error: { code: 'non_retryable', message: 'no such inbox' } }));
    for (let n = 0; n < 3; n++) await two.accepted('mail', 'mail::send', `{"n":${n}}`);
    interface Shown {
      readonly dead: number;
    }
    const dead = async () => (await two.call<Shown>('iii::queue::get', { queue: 'mail' })).dead;
    await eventually(async () => (await dead()) === 3);
    const request = { action: 'discard', queue: 'mail', all: true };
    const { id } = await one.call<{ readonly id: string }>('iii::task::start', request);
    expect(await two.call('iii::task::wait', { id })).toMatchObject({ state: 'done', changed: 3 });
    expect(await dead()).toBe(0);
    await two.call('iii::queue::pause', { queue: 'mail' });
    interface Listed {
      readonly entries: readonly { readonly action: string }[];
    }
    const { entries } = await one.call<Listed>('iii::audit::list');
    const actions = entries.map(({ action }) => action);
    expect(actions.sort()).toEqual(['iii::queue::pause', 'iii::task::start', 'task discard']);
    expect(await two.call('iii::undo::list')).toMatchObject({ tasks: [{ id }] });
    expect(await two.call('iii::undo::apply', { id })).toMatchObject({ restored: 3, skipped: 0 });
    expect(await dead()).toBe(3);
    expect(await one.call('iii::undo::list')).toEqual({ tasks: [] });
  });

  it('run each tick of cron once', async () => {
    const clients = await startTwo();
    const ticks: string[] = [];
    for (const client of clients) {
      client.offer('mail::tick', (call) => {
        ticks.push((call['data'] as { scheduled_time: string }).scheduled_time);
        return { result: null };
      });
      client.send({
        type: 'registertrigger',
        id: systemRandom.uuid(),
        trigger_type: 'cron',
        function_id: 'mail::tick',
        config: { expression: '* * * * * *' },
      });
    }
    await eventually(() => ticks.length >= 3);
    expect(new Set(ticks).size).toBe(ticks.length);
  });
});
