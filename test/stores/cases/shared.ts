import { expect } from 'vitest';
import type { Store } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { eventually } from '../../support/eventually.ts';
import { storeCase, unlessGap } from '../../support/store-case.ts';
import {
  COMPLETED,
  failed,
  INTERRUPTED,
  offerOf,
  policyOf,
  type StoreStage,
} from '../../support/store-fixture.ts';

const fifo = [policyOf('q', { type: 'fifo', groupField: 'g' })];
/** Longer than any lease of a store under test. */
const LONGER_THAN_A_LEASE_MS = 60_000;

async function take(store: Store, limit = 1): Promise<readonly Lease[]> {
  return store.lease({ queue: 'q', limit, offer: offerOf(null) });
}

async function takeOne(store: Store): Promise<Lease> {
  const [lease] = await take(store);
  if (lease === undefined) throw new Error('nothing to lease');
  return lease;
}

const namesOf = (stage: StoreStage, leases: readonly Lease[]): string =>
  stage.names(leases.map(({ job }) => job.id)).join('');

const end = async (stage: StoreStage, store: Store, lease: Lease, outcome = COMPLETED) =>
  (await store.settle([stage.settlement(lease, outcome)]))[0];

/** What holds when several engines use the same data. */
export const sharedCases = [
  storeCase('a job is leased by one engine only', async (stage) => {
    const other = await stage.join();
    await stage.addAll('abcdef');
    const [mine, theirs] = await Promise.all([take(stage.store, 3), take(other, 3)]);
    const leased = namesOf(stage, [...mine, ...theirs]);
    expect(leased.split('').sort().join('')).toBe('abcdef');
    expect(await take(other, 9)).toEqual([]);
  }),

  storeCase('a job accepted by one engine signals the other, which had room', async (stage) => {
    const other = await stage.join();
    expect(await take(other)).toEqual([]);
    stage.signals.length = 0;
    const heard: string[] = [];
    other.watch(({ kind, queue }) => heard.push(`${kind} ${queue}`));
    await stage.add('a');
    await eventually(() => heard.includes('leasable q'));
    expect(namesOf(stage, await take(other))).toBe('a');
  }),

  storeCase(
    'the jobs of one group run one at a time over all engines',
    async (stage) => {
      const other = await stage.join();
      await stage.addAll('abc', { group: '1' });
      const first = await takeOne(stage.store);
      expect(await take(other, 9)).toEqual([]);
      await end(stage, stage.store, first, failed());
      expect(await take(other, 9)).toEqual([]);
      await stage.clock.advance(1_000);
      const again = await takeOne(other);
      expect(namesOf(stage, [again])).toBe('a');
      expect(await take(stage.store, 9)).toEqual([]);
      await end(stage, other, again);
      expect(namesOf(stage, await take(stage.store, 9))).toBe('b');
    },
    fifo,
  ),

  storeCase(
    'limits of a queue hold over all engines together',
    async (stage) => {
      const other = await stage.join();
      for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
        await stage.add(name, { group: String(index) });
      }
      const limits = { inFlight: 2, rate: null };
      const request = { queue: 'q', limit: 9, offer: offerOf(null), limits };
      const mine = await stage.store.lease(request);
      expect(namesOf(stage, mine)).toBe('ab');
      expect(await other.lease(request)).toEqual([]);
      for (const lease of mine) await end(stage, stage.store, lease);
      expect(namesOf(stage, await other.lease(request))).toBe('cd');
    },
    fifo,
  ),

  storeCase(
    'work of an engine that fell silent is taken over, in its order',
    async (stage) => {
      const lost = await stage.silent();
      await stage.addAll('ab', { group: '1' });
      const stale = await takeOne(lost);
      await stage.clock.advance(LONGER_THAN_A_LEASE_MS);
      const [reclaimed] = await reclaimedBy(stage.store);
      expect(reclaimed).toMatchObject({ cause: 'orphaned', lease: { job: { id: stage.id('a') } } });
      if (reclaimed === undefined) return;
      expect(reclaimed.lease.epoch).toBeGreaterThan(stale.epoch);
      expect(await end(stage, lost, stale)).toBe(false);
      await end(stage, stage.store, reclaimed.lease, INTERRUPTED);
      expect(await end(stage, lost, stale)).toBe(false);
      expect(await stage.get('a')).toMatchObject({ state: 'waiting', interruptions: 1 });
      expect(namesOf(stage, await take(stage.store, 9))).toBe('a');
    },
    fifo,
  ),

  storeCase('work of an engine that stops in order is taken over at once', async (stage) => {
    const other = await stage.join();
    await stage.add('a');
    await takeOne(other);
    await other.close();
    const [reclaimed] = await reclaimedBy(stage.store);
    expect(reclaimed).toMatchObject({ cause: 'orphaned' });
  }),

  storeCase('an engine that is alive keeps its jobs', async (stage) => {
    const other = await stage.join();
    await stage.add('a');
    const lease = await takeOne(other);
    for (let count = 0; count < 20; count++) {
      await stage.clock.advance(LONGER_THAN_A_LEASE_MS / 20);
      // Every look is behind the signs of life that were given before it.
      await other.stats();
      expect(await stage.store.reclaim(9)).toEqual([]);
    }
    expect(await end(stage, other, lease)).toBe(true);
  }),

  storeCase('a pause through one engine is told to the others', async (stage) => {
    const other = await stage.join();
    const heard: string[] = [];
    other.watch(({ kind, queue }) => heard.push(`${kind} ${queue}`));
    await stage.store.pause('q', true);
    await eventually(() => heard.includes('paused q'));
    expect((await other.stats()).get('q')?.paused).toBe(true);
    await stage.store.pause('q', false);
    await eventually(() => heard.includes('resumed q'));
  }),

  unlessGap(
    'dedup_key',
    storeCase('a dedup key holds over all engines', async (stage) => {
      const other = await stage.join();
      await stage.add('a', { dedupKey: 'k' });
      const [receipt] = await other.append([stage.job('b', { dedupKey: 'k' })]);
      expect(receipt).toEqual({ id: stage.id('a'), duplicate: true });
    }),
  ),

  unlessGap(
    'rate_limit',
    storeCase(
      'a rate limit holds over all engines, and signals when it has room',
      async (stage) => {
        const other = await stage.join();
        await stage.addAll('abcde');
        const limits = { inFlight: null, rate: { max: 2, perMs: 1_000 } };
        const request = { queue: 'q', limit: 9, offer: offerOf(null), limits };
        expect(namesOf(stage, await stage.store.lease({ ...request, limit: 1 }))).toBe('a');
        await stage.clock.advance(600);
        expect(namesOf(stage, await other.lease(request))).toBe('b');
        expect(await stage.store.lease(request)).toEqual([]);
        stage.takeSignals();
        await stage.clock.advance(400);
        expect(stage.takeSignals()).toContain('leasable');
        expect(namesOf(stage, await stage.store.lease(request))).toBe('c');
        expect(await other.lease(request)).toEqual([]);
      },
    ),
  ),

  storeCase('engines know each other', async (stage) => {
    const other = await stage.join();
    const card = (id: string) => ({
      ...{ id, address: `ws://127.0.0.1:${id}`, version: '1.2.3', pid: 7, host: 'here' },
      startedAt: stage.clock.now(),
    });
    const facts = () => ({ functions: { f: 2 }, rates: {} });
    await stage.store.peers?.announce(card('1'), facts);
    await other.peers?.announce(card('2'), facts);
    const seen = await eventually(async () => {
      const engines = (await stage.store.peers?.list()) ?? [];
      return engines.length === 2 && engines;
    });
    expect(seen).toMatchObject([
      { ...card('1'), alive: true },
      { ...card('2'), alive: true },
    ]);
    await other.close();
    await eventually(async () => (await stage.store.peers?.list())?.length === 1);
  }),
];

/** What a store gives to be reclaimed, as soon as it sees it. */
function reclaimedBy(store: Store) {
  return eventually(async () => {
    const reclaimed = await store.reclaim(9);
    return reclaimed.length > 0 && reclaimed;
  });
}
