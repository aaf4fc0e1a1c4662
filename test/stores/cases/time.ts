import { expect } from 'vitest';
import { failed, NOT_STARTED, policyOf } from '../../support/store-fixture.ts';
import type { StoreStage } from '../../support/store-fixture.ts';
import { storeCase, unlessGap } from '../../support/store-case.ts';

const EXPIRED = { kind: 'expired' } as const;

async function expireAll(stage: StoreStage): Promise<string> {
  const reclaimed = await stage.store.reclaim(100);
  for (const { lease, cause } of reclaimed) {
    expect(cause).toBe('expired');
    await stage.end(lease, EXPIRED);
  }
  return stage.names(reclaimed.map(({ lease }) => lease.job.id)).join('');
}

export const timeCases = [
  storeCase('delayed jobs become due in the order of their times', async (stage) => {
    const now = stage.clock.now();
    await stage.add('a', { dueAt: now + 30 });
    await stage.add('b', { dueAt: now + 10 });
    await stage.add('c', { dueAt: now + 20 });
    await stage.add('d', { dueAt: now + 10 });
    expect((await stage.store.stats()).get('q')).toMatchObject({ waiting: 0, delayed: 4 });
    await stage.clock.advance(10);
    expect(await stage.leased(9)).toBe('bd');
    await stage.clock.advance(20);
    expect(await stage.leased(9)).toBe('ac');
  }),

  unlessGap(
    'priority',
    storeCase('of jobs that are due the one with the higher priority goes first', async (stage) => {
      const now = stage.clock.now();
      await stage.add('a', { dueAt: now + 30 });
      await stage.add('b', { dueAt: now + 20, priority: 1 });
      await stage.clock.advance(30);
      expect(await stage.leased(9)).toBe('ba');
    }),
  ),

  storeCase(
    'a job not started before its time to live ends can only be reclaimed',
    async (stage) => {
      const expiresAt = stage.clock.now() + 50;
      await stage.addAll('ab', { expiresAt });
      await stage.add('c', { expiresAt, dueAt: expiresAt + 50 });
      await stage.add('d');
      await stage.clock.advance(49);
      expect(await stage.store.reclaim(9)).toEqual([]);
      expect(stage.takeSignals()).not.toContain('reclaimable');
      await stage.clock.advance(1);
      expect(stage.takeSignals()).toContain('reclaimable');
      expect(await stage.leased(9)).toBe('d');
      expect((await expireAll(stage)).split('').sort().join('')).toBe('abc');
      expect(await stage.get('a')).toMatchObject({
        state: 'dead',
        attempts: 0,
        failure: { reason: 'expired' },
      });
      expect(await stage.store.reclaim(9)).toEqual([]);
    },
  ),

  storeCase('a job that was started does not expire', async (stage) => {
    await stage.add('a', { expiresAt: stage.clock.now() + 50 });
    await stage.end(await stage.one(), failed());
    await stage.clock.advance(5_000);
    expect(await stage.store.reclaim(9)).toEqual([]);
    expect((await stage.one()).attempt).toBe(2);
  }),

  storeCase(
    'a job that comes back unstarted after its time to live expires then',
    async (stage) => {
      await stage.add('a', { expiresAt: stage.clock.now() + 50 });
      const lease = await stage.one();
      await stage.clock.advance(60);
      expect(await stage.store.reclaim(9)).toEqual([]);
      await stage.end(lease, NOT_STARTED);
      expect(await stage.leased()).toBe('');
      expect(await expireAll(stage)).toBe('a');
    },
  ),

  storeCase('a redriven job no longer expires', async (stage) => {
    await stage.add('a', { expiresAt: stage.clock.now() + 50 });
    await stage.clock.advance(50);
    await expireAll(stage);
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 1 });
    await stage.clock.advance(1_000);
    expect(await stage.store.reclaim(9)).toEqual([]);
    expect(await stage.get('a')).toMatchObject({ state: 'waiting', expiresAt: null });
    expect(await stage.leased()).toBe('a');
  }),

  storeCase(
    'an expired head lets its group go on',
    async (stage) => {
      const expiresAt = stage.clock.now() + 50;
      await stage.add('a', { group: '1', expiresAt });
      await stage.add('b', { group: '1' });
      await stage.add('c', { group: '1', expiresAt });
      await stage.clock.advance(50);
      await expireAll(stage);
      await stage.end(await stage.one());
      expect(await stage.leased()).toBe('');
      expect(await stage.listed('died')).toHaveLength(2);
    },
    [policyOf('q', { type: 'fifo', groupField: 'g' })],
  ),
];
