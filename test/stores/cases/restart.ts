import { expect } from 'vitest';
import { failed, INTERRUPTED, policyOf } from '../../support/store-fixture.ts';
import { restartCase, unlessGap } from '../../support/store-case.ts';

const fifo = [policyOf('q', { type: 'fifo', groupField: 'g' })];

export const restartCases = [
  restartCase('every job is as it was after the store is opened again', async (stage) => {
    await stage.addAll('abcd', { metadata: '{"m":1}', baggage: 'k=v' });
    await stage.add('e', { dueAt: stage.clock.now() + 500 });
    await stage.add('x', { expiresAt: stage.clock.now() + 900 });
    await stage.end(await stage.one());
    await stage.end(await stage.one(), failed());
    await stage.kill();
    const all = () => Promise.all(['b', 'c', 'd', 'e', 'x'].map((name) => stage.get(name)));
    const before = await all();
    await stage.reopen();
    expect(await all()).toEqual(before);
    expect(await stage.leased(9)).toBe('dx');
    await stage.clock.advance(1_000);
    expect(await stage.leased(9)).toBe('be');
  }),

  unlessGap(
    'retention',
    restartCase('finished jobs are still kept after the store is opened again', async (stage) => {
      await stage.addAll('ab');
      await stage.end(await stage.one());
      const before = await stage.get('a');
      await stage.reopen();
      expect(await stage.get('a')).toEqual(before);
    }),
  ),

  unlessGap(
    'dedup_key',
    restartCase('a dedup key is still taken after the store is opened again', async (stage) => {
      await stage.add('e', { dedupKey: 'k' });
      await stage.reopen();
      expect(await stage.add('again', { dedupKey: 'k' })).toBe(stage.id('e'));
    }),
  ),

  unlessGap(
    'priority',
    restartCase('a priority still counts after the store is opened again', async (stage) => {
      await stage.add('a');
      await stage.add('b', { priority: 3 });
      await stage.reopen();
      expect(await stage.leased(9)).toBe('ba');
    }),
  ),

  restartCase(
    'a job in flight when the store closed is reclaimed and keeps its attempt',
    async (stage) => {
      await stage.addAll('ab', { group: '1' });
      const lost = await stage.one();
      await stage.reopen();
      expect(await stage.leased(9)).toBe('');
      const [orphan] = await stage.store.reclaim(9);
      expect(orphan).toMatchObject({ cause: 'orphaned', lease: { attempt: 1 } });
      expect(await stage.end(lost)).toBe(false);
      if (orphan !== undefined) await stage.end(orphan.lease, INTERRUPTED);
      expect(await stage.get('a')).toMatchObject({ attempts: 0, interruptions: 1 });
      expect(await stage.leased(9)).toBe('a');
    },
    fifo,
  ),

  restartCase(
    'the order of a group holds across a restart',
    async (stage) => {
      await stage.addAll('abc', { group: '1' });
      await stage.kill();
      await stage.reopen();
      await stage.add('d', { group: '1' });
      await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
      await stage.reopen();
      let order = '';
      for (let count = 0; count < 4; count++) {
        const lease = await stage.one();
        order += stage.names([lease.job.id]).join('');
        await stage.end(lease);
      }
      expect(order).toBe('abcd');
    },
    fifo,
  ),

  restartCase('pauses and the order of deaths survive', async (stage) => {
    await stage.addAll('abc');
    const leases = await stage.lease(3);
    for (const lease of leases.toReversed()) await stage.end(lease, failed('non_retryable'));
    await stage.store.pause('q', true);
    await stage.reopen();
    expect((await stage.store.stats()).get('q')).toMatchObject({ paused: true, dead: 3 });
    expect(await stage.listed('died')).toBe('cba');
  }),

  unlessGap(
    'totals',
    restartCase('every count survives', async (stage) => {
      await stage.addAll('abc');
      await stage.end(await stage.one());
      await stage.kill();
      const before = await stage.store.stats();
      await stage.reopen();
      expect(await stage.store.stats()).toEqual(before);
    }),
  ),
];
