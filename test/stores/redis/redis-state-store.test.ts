import { afterAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { ForeignChange } from '../../../src/state/store.ts';
import { RedisStateStore } from '../../../src/stores/redis/redis-state-store.ts';
import { eventually } from '../../support/eventually.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { useRedisServer } from '../../support/redis-suite.ts';

describe('values in Redis', () => {
  const server = useRedisServer();
  const opened: RedisStateStore[] = [];
  afterAll(async () => {
    for (const store of opened) await store.close();
  });

  const open = async (keyPrefix: string = systemRandom.uuid()): Promise<RedisStateStore> => {
    const store = new RedisStateStore({
      url: new Secret(server().url),
      keyPrefix,
      clock: new SystemClock(),
      random: systemRandom,
      log: silentLogger,
    });
    await store.open();
    opened.push(store);
    return store;
  };
  const put = (store: RedisStateStore, scope: string, key: string, text: string | undefined) =>
    store.update(scope, key, () => text);

  it('are kept by scope and key, in order, as the text they are', async () => {
    const store = await open();
    expect(await put(store, 'b', '2', '1.0')).toEqual({ before: undefined, after: '1.0' });
    await put(store, 'b', '10', '{"__proto__":1}');
    await put(store, 'b', '__proto__', 'null');
    await put(store, 'a', 'x', '""');
    expect(await store.get('b', '2')).toBe('1.0');
    expect(await store.get('b', 'x')).toBeUndefined();
    expect([...(await store.list('b'))]).toEqual([
      ['10', '{"__proto__":1}'],
      ['2', '1.0'],
      ['__proto__', 'null'],
    ]);
    expect(await store.scopes()).toEqual(['a', 'b']);
    expect(await put(store, 'a', 'x', undefined)).toEqual({ before: '""', after: undefined });
    expect(await store.scopes()).toEqual(['b']);
  });

  it('are changed by one engine after the other, however many there are', async () => {
    const prefix = systemRandom.uuid();
    const stores = [await open(prefix), await open(prefix), await open(prefix)];
    const add = (store: RedisStateStore) =>
      store.update('s', 'n', (before) => String(Number(before ?? '0') + 1));
    const changes = await Promise.all(
      Array.from({ length: 90 }, (_, n) => add(stores[n % 3] ?? (stores[0] as RedisStateStore))),
    );
    const seen = changes.map(({ after }) => Number(after)).sort((a, b) => a - b);
    expect(seen).toEqual(Array.from({ length: 90 }, (_, n) => n + 1));
  });

  it('tell the other engines that they changed, and not the one that did it', async () => {
    const prefix = systemRandom.uuid();
    const [mine, other] = [await open(prefix), await open(prefix)];
    const [own, heard]: [unknown[], (ForeignChange | null)[]] = [[], []];
    mine.watch((change) => own.push(change));
    other.watch((change) => heard.push(change));
    await put(mine, 'a"\n', 'k', '1');
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([{ scope: 'a"\n', key: 'k' }]);
    expect(own).toEqual([]);
  });

  it('can be claimed by one engine of all, until the time is over', async () => {
    const prefix = systemRandom.uuid();
    const stores = [await open(prefix), await open(prefix)];
    const claims = await Promise.all(stores.map((store) => store.claim('tick', 60_000)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const short = await Promise.all(stores.map((store) => store.claim('short', 200)));
    expect(short.filter(Boolean)).toHaveLength(1);
    await eventually(() => stores[0]?.claim('short', 60_000));
  });

  it('are read again after the server was away, and listeners are told to look', async () => {
    const own = await RedisServer.start(['--appendonly', 'yes']);
    try {
      const store = new RedisStateStore({
        url: new Secret(own.url),
        keyPrefix: 'p',
        clock: new SystemClock(),
        random: systemRandom,
        log: silentLogger,
      });
      await store.open();
      opened.push(store);
      await put(store, 's', 'k', '1');
      const heard: (ForeignChange | null)[] = [];
      store.watch((change) => heard.push(change));
      await own.kill();
      await expect(store.get('s', 'k')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await own.restart();
      await eventually(() => heard.includes(null));
      expect(await store.get('s', 'k')).toBe('1');
    } finally {
      await own.stop();
    }
  });
});
