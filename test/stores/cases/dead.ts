import { expect } from 'vitest';
import { failed, policyOf } from '../../support/store-fixture.ts';
import { storeCase } from '../../support/store-case.ts';

const twoQueues = [policyOf('q'), policyOf('other')];

export const deadCases = [
  storeCase(
    'a redriven job keeps its id and everything else, and its attempts start from 0',
    async (stage) => {
      await stage.add('a', { overrides: { maxAttempts: 2 } });
      await stage.end(await stage.one(), failed());
      await stage.clock.advance(1_000);
      await stage.end(await stage.one(), failed());
      const before = await stage.get('a');
      expect(before.state).toBe('dead');
      await stage.clock.advance(5);
      stage.takeSignals();
      expect(await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 })).toEqual([
        before.id,
      ]);
      expect(stage.takeSignals()).toContain('leasable');
      expect(await stage.get('a')).toEqual({
        ...before,
        state: 'waiting',
        attempts: 0,
        interruptions: 0,
        failure: null,
        dueAt: stage.clock.now(),
      });
      expect((await stage.one()).attempt).toBe(1);
    },
  ),

  storeCase('a redriven job goes back before the jobs accepted after it', async (stage) => {
    await stage.addAll('abc');
    await stage.kill();
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
    await stage.add('d');
    expect(await stage.leased(9)).toBe('abcd');
  }),

  storeCase(
    'dead jobs are listed, redriven and discarded in the order of their deaths',
    async (stage) => {
      await stage.addAll('abcde');
      const leases = await stage.lease(5);
      for (const index of [3, 1, 4, 0, 2]) {
        const lease = leases[index];
        if (lease !== undefined) await stage.end(lease, failed('non_retryable'));
      }
      expect(await stage.listed('died')).toBe('dbeac');
      const redriven = await stage.store.redrive({ queues: ['q'], ids: null, limit: 2 });
      expect(stage.names(redriven).join('')).toBe('db');
      const discarded = await stage.store.discard({ queues: ['q'], ids: null, limit: 1 });
      expect(stage.names(discarded).join('')).toBe('e');
      expect(await stage.listed('died')).toBe('ac');
    },
  ),

  storeCase(
    'only the named dead jobs of the named queues are redriven',
    async (stage) => {
      await stage.addAll('abc');
      await stage.add('x', { queue: 'other' });
      await stage.kill();
      await stage.kill();
      await stage.end(await stage.one(null, 'other'), failed('non_retryable'));
      const ids = ['c', 'b', 'x', 'b'].map((name) => stage.id(name));
      const redriven = await stage.store.redrive({
        queues: ['q'],
        ids: [...ids, 'no-id'],
        limit: 9,
      });
      expect(stage.names(redriven)).toEqual(['b']);
      expect(await stage.listed('died')).toBe('ax');
    },
    twoQueues,
  ),

  storeCase(
    'the dead of several queues are taken in one order',
    async (stage) => {
      await stage.addAll('ac');
      await stage.addAll('bd', { queue: 'other' });
      for (const queue of ['q', 'other', 'q', 'other']) {
        await stage.end(await stage.one(null, queue), failed('non_retryable'));
      }
      const discarded = await stage.store.discard({ queues: ['other', 'q'], ids: null, limit: 3 });
      expect(stage.names(discarded).join('')).toBe('abc');
    },
    twoQueues,
  ),

  storeCase('a discarded job stays for looking up and does not come back', async (stage) => {
    await stage.addAll('ab');
    await stage.kill();
    const all = { queues: ['q'], ids: null, limit: 9 };
    expect(await stage.store.discard(all)).toEqual([stage.id('a')]);
    expect(await stage.get('a')).toMatchObject({
      state: 'discarded',
      endedAt: stage.clock.now(),
    });
    expect(await stage.store.redrive(all)).toEqual([]);
    expect(await stage.store.discard({ ...all, ids: ['a', 'b'].map((n) => stage.id(n)) })).toEqual(
      [],
    );
    expect((await stage.get('b')).state).toBe('waiting');
  }),

  storeCase('cancelling ends waiting and delayed jobs only', async (stage) => {
    await stage.addAll('abcd');
    await stage.add('e', { dueAt: stage.clock.now() + 10 });
    await stage.end(await stage.one());
    await stage.kill();
    await stage.one();
    const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => stage.id(name));
    const cancelled = await stage.store.cancel([...ids, ...ids, 'no-id']);
    expect(stage.names(cancelled).join('')).toBe('de');
    expect((await stage.get('d')).state).toBe('discarded');
    expect((await stage.get('c')).state).toBe('in_flight');
    await stage.clock.advance(10);
    expect(await stage.leased(9)).toBe('');
    expect((await stage.store.stats()).get('q')?.totals.discarded).toBe(2);
  }),
];
