import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger, type Logger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Receipt, Store } from '../../../src/queue/store.ts';
import type { NewJob } from '../../../src/queue/types.ts';
import { RedisStore, type RedisStoreParts } from '../../../src/stores/redis/redis-store.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { redisMissing, RedisServer } from '../../support/redis-server.ts';
import { Relay } from '../../support/relay.ts';
import { newJob, offerOf, policyOf } from '../../support/store-fixture.ts';

const HEALS_WITHIN_MS = 5_000;
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

describe('a Redis store whose server fails', () => {
  const cleanUp: (() => unknown)[] = [];
  const clock = new SystemClock();
  beforeEach(({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
  });
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  const startServer = async (settings: readonly string[] = DURABLE): Promise<RedisServer> => {
    const server = await RedisServer.start(settings);
    cleanUp.push(() => server.stop());
    return server;
  };
  const openStore = async (
    url: string,
    parts: Partial<RedisStoreParts> = {},
  ): Promise<RedisStore> => {
    const store = new RedisStore({
      url: new Secret(url),
      keyPrefix: 'iii',
      leaseMs: 2_000,
      allowEviction: false,
      clock,
      random: systemRandom,
      log: silentLogger,
      ...parts,
    });
    await store.open([policyOf('q')]);
    cleanUp.push(() => store.close());
    return store;
  };
  /** A log, and the sentences it was told. */
  const listening = (): { said: string[]; log: Logger } => {
    const said: string[] = [];
    const say = (message: string): void => void said.push(message);
    return { said, log: { debug: () => undefined, info: say, warn: say, error: say } };
  };
  const job = (settings: Partial<NewJob> = {}): NewJob =>
    newJob(systemRandom.uuid(), clock.now(), settings);
  const add = async (store: Store): Promise<string> => {
    const [receipt] = (await store.append([job()])) as readonly [Receipt];
    return receipt.id;
  };
  const healed = (store: Store): Promise<string> => eventually(() => add(store), HEALS_WITHIN_MS);
  const stored = async (store: Store): Promise<Set<string>> => {
    const filter = { queues: null, states: null, functionId: null, order: 'accepted' } as const;
    const { jobs } = await store.list({ ...filter, limit: 100_000, cursor: null });
    return new Set(jobs.map(({ id }) => id));
  };

  it('gives no receipt while it is down, heals when it is back, and has lost nothing', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    const receipts = [await add(store)];
    const [lease] = await store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
    await server.kill();
    await expect(add(store)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`127.0.0.1:${server.port}`) as unknown,
      details: { retryable: true },
    });
    const verdict = { kind: 'complete' } as const;
    const end = { id: lease?.job.id ?? '', epoch: lease?.epoch ?? 0, verdict, record: null, at: 0 };
    await expect(store.settle([end])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await server.restart();
    receipts.push(await healed(store));
    expect(await store.settle([end])).toEqual([true]);
    const there = await stored(store);
    expect(receipts.filter((id) => !there.has(id))).toEqual([]);
  });

  it('gives up on a server that is frozen, and heals when it goes on', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await add(store);
    server.signal('SIGSTOP');
    await expect(add(store)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    server.signal('SIGCONT');
    await healed(store);
  });

  it('accepts a job once when the answer to it is lost on its way', async () => {
    const server = await startServer();
    const relay = await Relay.to(server.port);
    cleanUp.push(() => {
      relay.close();
    });
    const store = await openStore(`redis://127.0.0.1:${relay.port}`);
    const receipts: string[] = [];
    for (let round = 0; round < 20; round++) {
      const jobs = Array.from({ length: 50 }, () => job());
      const appended = Promise.allSettled(jobs.map((one) => store.append([one])));
      await pause(round % 4);
      relay.cut();
      for (const outcome of await appended) {
        if (outcome.status === 'fulfilled') receipts.push(...outcome.value.map(({ id }) => id));
      }
      await eventually(() => add(store), HEALS_WITHIN_MS);
    }
    const there = await stored(store);
    expect(receipts.filter((id) => !there.has(id))).toEqual([]);
    expect(receipts.length).toBeGreaterThan(500);
    expect((await store.stats()).get('q')?.totals.enqueued).toBe(there.size);
  });

  it('carries on when its scripts are flushed', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await add(store);
    await server.command('SCRIPT', 'FLUSH');
    await add(store);
    expect(await store.lease({ queue: 'q', limit: 9, offer: offerOf(null) })).toHaveLength(2);
  });

  it('keeps the jobs of a group apart when its server comes back empty', async () => {
    const server = await startServer(['--appendonly', 'no']);
    const stores = [await openStore(server.url), await openStore(server.url)] as const;
    const fifo = policyOf('line', { type: 'fifo', groupConcurrency: 9 });
    for (const store of stores) store.configure([fifo]);
    const line = (group: string): NewJob => job({ queue: 'line', group });
    const leased = async (): Promise<string[]> => {
      const taken: string[] = [];
      for (const store of stores) {
        const leases = await store.lease({ queue: 'line', limit: 9, offer: offerOf(null) });
        taken.push(...leases.map((lease) => String(lease.job.group)));
      }
      return taken;
    };
    await stores[0].append([line('"a"')]);
    expect(await leased()).toEqual(['"a"']);
    await server.command('FLUSHALL');
    await stores[1].append(['"a"', '"a"', '"b"', '"b"'].map((group) => line(group)));
    expect(await leased()).toEqual(['"a"', '"b"']);
    expect([...(await stores[0].stats()).keys()]).toContain('line');
  });

  it('says that another engine has given a queue another type', async () => {
    const server = await startServer();
    const warned: unknown[] = [];
    const log = { ...silentLogger, warn: (...said: unknown[]) => warned.push(said) };
    const store = await openStore(server.url, { leaseMs: 400, log });
    const other = await openStore(server.url);
    other.configure([policyOf('q', { type: 'fifo' })]);
    await eventually(() => warned.length > 0);
    await pause(300);
    expect(warned).toEqual([
      [expect.stringContaining('another type'), { queue: 'q', here: 'standard', there: 'fifo' }],
    ]);
    await store.close();
  });

  it('gives no two engines the same number for their leases after it has lost data', async () => {
    const server = await startServer(['--appendonly', 'no']);
    const stores = [await openStore(server.url), await openStore(server.url)] as const;
    await Promise.all([add(stores[0]), add(stores[0])]);
    const lease = (store: Store): Promise<unknown> =>
      store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
    await lease(stores[0]);
    await lease(stores[1]);
    await server.command('FLUSHALL');
    await Promise.all([add(stores[0]), add(stores[0])]);
    await lease(stores[1]);
    await lease(stores[0]);
    expect(await server.command('ZCARD', 'iii:{q}:o')).toBe(2);
  });

  it('hears nothing of what happens in another database of the same server', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    const heard = new Map<string, string[]>();
    for (const database of ['/0', '/1']) {
      const other = await openStore(`${server.url}${database}`);
      other.watch(({ kind }) => heard.set(database, [...(heard.get(database) ?? []), kind]));
    }
    await store.pause('q', true);
    await eventually(() => heard.get('/0')?.includes('paused'));
    expect(heard.get('/1') ?? []).not.toContain('paused');
  });

  it('refuses jobs when the memory is full, ends those it has, and goes on when there is room', async () => {
    const server = await startServer();
    const store = await openStore(server.url);
    await add(store);
    const [lease] = await store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    await expect(add(store)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('memory limit') as unknown,
    });
    expect(store.refusal()?.hint).toContain('raise maxmemory');
    const verdict = { kind: 'complete' } as const;
    const { id = '', epoch = 0 } = { id: lease?.job.id, epoch: lease?.epoch };
    expect(await store.settle([{ id, epoch, verdict, record: null, at: 0 }])).toEqual([true]);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await healed(store);
    expect(store.refusal()).toBeNull();
  });

  it('tells its log once that the memory is full, and once that it is not', async () => {
    const server = await startServer();
    const { said, log } = listening();
    const store = await openStore(server.url, { log });
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    for (let tries = 0; tries < 3; tries++) await add(store).catch(() => undefined);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await healed(store);
    expect(said).toEqual(['Redis takes no jobs; producers are told', 'Redis takes jobs again']);
  });

  it('is still known to others as alive while the memory is full', async () => {
    const server = await startServer();
    const { said, log } = listening();
    const store = await openStore(server.url, { log, leaseMs: 1_000 });
    const card = { id: 'engine', address: null, version: '1', pid: 1, host: 'h', startedAt: 0 };
    await store.peers.announce(card, () => ({ functions: {}, rates: {} }));
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    const [{ lastSeenAt: before } = { lastSeenAt: 0 }] = await store.peers.list();
    const seen = await eventually(async () => {
      const [engine] = await store.peers.list();
      return engine !== undefined && engine.lastSeenAt > before + 1_000 && engine;
    });
    expect(seen.alive).toBe(true);
    expect(said).toEqual([]);
  });

  it('says what a receipt is worth since its server came back with other settings', async () => {
    const server = await startServer(['--appendonly', 'yes', '--appendfsync', 'always']);
    const { said, log } = listening();
    const store = await openStore(server.url, { log });
    await server.kill();
    await server.restart(['--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru']);
    await eventually(() => store.traits.guarantee.startsWith('in the memory of Redis'));
    expect(store.traits.guarantee).toContain('Redis evicts jobs');
    expect(said).toContain('Redis came back with other settings: what a receipt means has changed');
    expect(said).toContain('jobs may be lost');
  });

  it('does not start where Redis may throw jobs away, unless that is allowed', async () => {
    const server = await startServer(['--maxmemory-policy', 'allkeys-lru']);
    await expect(openStore(server.url)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('allkeys-lru') as unknown,
    });
    const store = await openStore(server.url, { allowEviction: true });
    expect(store.traits.guarantee).toContain('evicts jobs');
  });

  it.each([
    [['--appendonly', 'no'], 'in the memory of Redis'],
    [['--appendonly', 'yes', '--appendfsync', 'everysec'], 'up to the last second'],
    [['--appendonly', 'yes', '--appendfsync', 'always'], 'synced before the receipt'],
  ])('says what a receipt is worth with %j', async (settings, words) => {
    const store = await openStore((await startServer(settings)).url);
    expect(store.traits.guarantee).toContain(words);
  });

  it('works for a user that may only use its keys, and says what it cannot find out', async () => {
    const server = await startServer();
    const rights = ['~iii:*', '&iii:*', '+@all', '-@admin', '-@dangerous', '-info', '-config'];
    await server.command('ACL', 'SETUSER', 'engine', 'on', '>secret', ...rights);
    const store = await openStore(`redis://engine:secret@127.0.0.1:${server.port}`);
    await add(store);
    expect(store.traits.guarantee).toContain('unknown');
    expect(store.traits.location).not.toContain('secret');
  });

  it('names what is wrong when it cannot connect', async () => {
    const server = await startServer();
    await server.command('CONFIG', 'SET', 'requirepass', 'right');
    await expect(openStore(`redis://:wrong@127.0.0.1:${server.port}`)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('password') as unknown,
    });
    await expect(openStore('redis://127.0.0.1:1')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1 cannot be reached: connect ECONN') as unknown,
      hint: expect.stringContaining('correct redis_url, then start the engine again') as unknown,
    });
  });

  it('says that a port may not speak TLS when it does not answer the greeting', async () => {
    const server = await startServer();
    await expect(openStore(`rediss://127.0.0.1:${server.port}`)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('rediss:// asks for TLS') as unknown,
    });
  });
});
