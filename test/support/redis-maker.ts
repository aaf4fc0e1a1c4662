import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import type { Store } from '../../src/queue/store.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { RedisStore } from '../../src/stores/redis/redis-store.ts';
import type { RedisServer } from './redis-server.ts';
import type { StoreMaker } from './store-fixture.ts';

/**
 * Stores on one server, each under a prefix of its own. The time of their scripts is the clock's.
 * @param family what all prefixes begin with
 */
export function redisMaker(server: () => Pick<RedisServer, 'url'>, family = 'test-'): StoreMaker {
  const prefixes = new WeakMap<Store, string>();
  const clocks = new WeakMap<Store, ManualClock>();
  const companions = new WeakMap<Store, Store[]>();
  const openOn = async (
    keyPrefix: string,
    policies: readonly QueuePolicy[],
    clock: ManualClock,
    time: () => number = () => clock.now(),
  ): Promise<Store> => {
    const store = new RedisStore({
      url: new Secret(server().url),
      keyPrefix,
      leaseMs: 10_000,
      allowEviction: false,
      clock,
      random: systemRandom,
      log: silentLogger,
      time,
    });
    await store.open(policies);
    prefixes.set(store, keyPrefix);
    clocks.set(store, clock);
    return store;
  };
  const accompany = (store: Store, other: Store): Store => {
    companions.set(store, [...(companions.get(store) ?? []), other]);
    return other;
  };
  return {
    open: (policies, clock) => openOn(`${family}${systemRandom.uuid()}`, policies, clock),
    reopen: async (store, policies, clock) => {
      await store.close();
      return openOn(prefixes.get(store)!, policies, clock);
    },
    join: async (store, policies, clock) =>
      accompany(store, await openOn(prefixes.get(store)!, policies, clock)),
    joinSilent: async (store, policies) => {
      // Its own timers never ring, and yet what it asks for is asked for now.
      const now = (): number => clocks.get(store)!.now();
      return accompany(store, await openOn(prefixes.get(store)!, policies, new ManualClock(), now));
    },
    dispose: async (store) => {
      for (const other of companions.get(store) ?? []) await other.close();
      await store.close();
    },
  };
}
