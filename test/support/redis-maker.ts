import type { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Store } from '../../src/queue/store.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { RedisStore } from '../../src/stores/redis/redis-store.ts';
import type { RedisServer } from './redis-server.ts';
import type { StoreMaker } from './store-fixture.ts';

/** Stores on one server, each under a prefix of its own. The time of their scripts is the clock's. */
export function redisMaker(server: () => RedisServer): StoreMaker {
  const prefixes = new WeakMap<Store, string>();
  const companions = new WeakMap<Store, Store[]>();
  const openOn = async (
    keyPrefix: string,
    policies: readonly QueuePolicy[],
    clock: ManualClock,
  ): Promise<Store> => {
    const store = new RedisStore({
      url: new Secret(server().url),
      keyPrefix,
      leaseMs: 10_000,
      allowEviction: false,
      clock,
      random: systemRandom,
      log: silentLogger,
      time: () => clock.now(),
    });
    await store.open(policies);
    prefixes.set(store, keyPrefix);
    return store;
  };
  return {
    open: (policies, clock) => openOn(`test-${systemRandom.uuid()}`, policies, clock),
    reopen: async (store, policies, clock) => {
      await store.close();
      return openOn(prefixes.get(store)!, policies, clock);
    },
    join: async (store, policies, clock) => {
      const other = await openOn(prefixes.get(store)!, policies, clock);
      companions.set(store, [...(companions.get(store) ?? []), other]);
      return other;
    },
    dispose: async (store) => {
      for (const other of companions.get(store) ?? []) await other.close();
      await store.close();
    },
  };
}
