import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Settlement, Store } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { RedisStore } from '../../../src/stores/redis/redis-store.ts';
import { eventually } from '../../support/eventually.ts';
import { redisMissing, RedisServer } from '../../support/redis-server.ts';
import { Relay } from '../../support/relay.ts';
import { newJob, offerOf, policyOf } from '../../support/store-fixture.ts';

const LEASE_MS = 2_000;
const HEALS_WITHIN_MS = 5_000;

describe('what an engine took from Redis without hearing of it', () => {
  const cleanUp: (() => unknown)[] = [];
  const clock = new SystemClock();
  let server: RedisServer;
  beforeEach(async ({ skip }) => {
    if (redisMissing !== null) skip(redisMissing);
    server = await RedisServer.start();
    cleanUp.push(() => server.stop());
  });
  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  const openStore = async (port: number): Promise<RedisStore> => {
    const url = new Secret(`redis://127.0.0.1:${port}`);
    const parts = { keyPrefix: 'iii', leaseMs: LEASE_MS, allowEviction: false, clock };
    const store = new RedisStore({ ...parts, url, random: systemRandom, log: silentLogger });
    await store.open([policyOf('q')]);
    cleanUp.push(() => store.close());
    return store;
  };
  const openBehindRelay = async (): Promise<{ store: RedisStore; relay: Relay }> => {
    const relay = await Relay.to(server.port);
    cleanUp.push(() => {
      relay.close();
    });
    return { store: await openStore(relay.port), relay };
  };
  const add = async (store: Store): Promise<string> => {
    const { id } = newJob(systemRandom.uuid(), clock.now());
    await store.append([newJob(id, clock.now())]);
    return id;
  };
  const lease = (store: Store): Promise<readonly Lease[]> =>
    store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
  /** The first job that can be had. */
  const leased = (store: Store): Promise<Lease> =>
    eventually(async () => {
      const [first] = await lease(store);
      if (first === undefined) throw new Error('nothing to lease');
      return first;
    }, HEALS_WITHIN_MS);
  const inFlight = (): Promise<unknown> => server.command('ZCARD', 'iii:{q}:i');
  const completion = ({ job, epoch }: Lease): Settlement => {
    const verdict = { kind: 'complete' } as const;
    return { id: job.id, epoch, verdict, record: null, at: clock.now() };
  };
  /** A job whose lease is lost on its way to an engine that has another one. */
  const loseLease = async (store: Store, relay: Relay): Promise<{ kept: Lease; lost: string }> => {
    await add(store);
    const kept = await leased(store);
    const lost = await add(store);
    relay.holdAnswers();
    const asked = lease(store);
    const refused = expect(asked).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `Redis at 127.0.0.1:${relay.port} cannot be reached: the connection was lost`,
    });
    await eventually(async () => (await inFlight()) === 2);
    relay.cut();
    await refused;
    return { kept, lost };
  };

  it('is leased again, untouched, while its other leases stay', async () => {
    const { store, relay } = await openBehindRelay();
    const { kept, lost } = await loseLease(store, relay);
    const { job } = await leased(store);
    expect(job).toMatchObject({ id: lost, attempts: 0, interruptions: 0 });
    expect(await store.settle([completion(kept)])).toEqual([true]);
  });

  it('goes to another engine when this one asks for no more', async () => {
    const { store, relay } = await openBehindRelay();
    const other = await openStore(server.port);
    const { kept, lost } = await loseLease(store, relay);
    expect((await leased(other)).job.id).toBe(lost);
    expect(await store.settle([completion(kept)])).toEqual([true]);
  });

  it('is offered for a verdict until it has one', async () => {
    const { store: gone, relay } = await openBehindRelay();
    const id = await add(gone);
    await lease(gone);
    relay.close();
    const store = await openStore(server.port);
    const reclaim = async (): Promise<Lease> => {
      const [first] = await store.reclaim(9);
      if (first === undefined) throw new Error('nothing to reclaim');
      return first.lease;
    };
    const first = await eventually(reclaim, LEASE_MS + HEALS_WITHIN_MS);
    // The verdict could not be stored, as when the connection was lost.
    const again = await eventually(reclaim, HEALS_WITHIN_MS);
    expect(again).toMatchObject({ job: { id }, epoch: first.epoch });
    expect(await store.settle([completion(again)])).toEqual([true]);
    expect(await store.reclaim(9)).toEqual([]);
  });
});
