import { expect } from 'vitest';
import {
  COMPLETED,
  failed,
  INTERRUPTED,
  NOT_STARTED,
  policyOf,
} from '../../support/store-fixture.ts';
import { storeCase } from '../../support/store-case.ts';

export const settleCases = [
  storeCase('a completed job ends, with its attempt in the history', async (stage) => {
    await stage.add('a');
    const lease = await stage.one();
    await stage.clock.advance(30);
    expect(await stage.end(lease)).toBe(true);
    const now = stage.clock.now();
    expect(await stage.get('a')).toMatchObject({
      state: 'completed',
      attempts: 1,
      endedAt: now,
      leasedAt: null,
      history: [{ attempt: 1, startedAt: now - 30, endedAt: now, outcome: 'completed' }],
    });
    expect(await stage.leased()).toBe('');
  }),

  storeCase(
    'a failed job is delayed by the backoff, and its next attempt has the next number',
    async (stage) => {
      await stage.add('a');
      await stage.end(await stage.one(), failed());
      expect(await stage.get('a')).toMatchObject({ state: 'delayed', attempts: 1 });
      await stage.clock.advance(999);
      expect(await stage.leased()).toBe('');
      stage.takeSignals();
      await stage.clock.advance(1);
      expect(stage.takeSignals()).toContain('leasable');
      expect((await stage.one()).attempt).toBe(2);
    },
  ),

  storeCase(
    'a job gets exactly as many attempts as its queue allows, then is dead',
    async (stage) => {
      await stage.add('a');
      for (let attempt = 1; attempt <= 3; attempt++) {
        expect((await stage.get('a')).state).not.toBe('dead');
        await stage.clock.advance(10_000);
        const lease = await stage.one();
        expect(lease.attempt).toBe(attempt);
        await stage.end(lease, failed());
      }
      expect(await stage.get('a')).toMatchObject({
        state: 'dead',
        attempts: 3,
        failure: { reason: 'exhausted', failedAt: stage.clock.now(), error: { code: 'boom' } },
        endedAt: null,
      });
      expect((await stage.get('a')).history.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    },
  ),

  storeCase(
    'one allowed attempt means one attempt, also when the job says so itself',
    async (stage) => {
      await stage.add('a', { overrides: { maxAttempts: 1 } });
      await stage.end(await stage.one(), failed());
      expect(await stage.get('a')).toMatchObject({ state: 'dead', attempts: 1 });
    },
  ),

  storeCase('a non-retryable failure kills at once', async (stage) => {
    await stage.add('a');
    await stage.kill();
    expect(await stage.get('a')).toMatchObject({
      state: 'dead',
      attempts: 1,
      failure: { reason: 'non_retryable' },
    });
  }),

  storeCase('a worker says when to try again', async (stage) => {
    await stage.add('a');
    await stage.end(await stage.one(), failed('retry_after', 7));
    await stage.clock.advance(6);
    expect(await stage.leased()).toBe('');
    await stage.clock.advance(1);
    expect((await stage.one()).attempt).toBe(2);
  }),

  storeCase('a lost worker burns no attempt, and the job goes back to its place', async (stage) => {
    await stage.addAll('abc');
    const [a, b] = await stage.lease(2);
    if (a === undefined || b === undefined) throw new Error('two leases expected');
    stage.takeSignals();
    await stage.end(b, INTERRUPTED);
    await stage.end(a, INTERRUPTED);
    expect(stage.takeSignals()).toContain('leasable');
    expect(await stage.get('a')).toMatchObject({ state: 'waiting', attempts: 0, interruptions: 1 });
    const again = await stage.lease(3);
    expect(stage.names(again.map(({ job }) => job.id)).join('')).toBe('abc');
    expect(again.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  }),

  storeCase(
    'a job that keeps losing its worker is dead with reason interrupted',
    async (stage) => {
      await stage.add('a');
      for (let count = 0; count < 3; count++) await stage.end(await stage.one(), INTERRUPTED);
      expect(await stage.get('a')).toMatchObject({
        state: 'dead',
        attempts: 0,
        interruptions: 3,
        failure: { reason: 'interrupted' },
      });
    },
    [policyOf('q', { maxInterruptions: 2 })],
  ),

  storeCase('a job that never reached a worker loses nothing', async (stage) => {
    await stage.addAll('ab');
    await stage.end(await stage.one(), NOT_STARTED);
    expect(await stage.get('a')).toMatchObject({ attempts: 0, interruptions: 0, history: [] });
    expect(await stage.leased(2)).toBe('ab');
  }),

  storeCase('an answer for a lease that is no longer current changes nothing', async (stage) => {
    await stage.add('a');
    const lost = await stage.one();
    await stage.end(lost, INTERRUPTED);
    expect(await stage.end(lost, COMPLETED)).toBe(false);
    const current = await stage.one();
    expect(await stage.end(lost, COMPLETED)).toBe(false);
    expect(await stage.get('a')).toMatchObject({ state: 'in_flight', epoch: current.epoch });
    expect(await stage.end(current)).toBe(true);
    expect(await stage.end(current)).toBe(false);
    expect((await stage.store.stats()).get('q')?.totals.completed).toBe(1);
  }),

  storeCase('settling a batch answers for each lease, and never twice for one', async (stage) => {
    await stage.addAll('ab');
    const [a, b] = await stage.lease(2);
    if (a === undefined || b === undefined) throw new Error('two leases expected');
    const ends = [a, a, b].map((lease) => stage.settlement(lease, COMPLETED));
    expect(await stage.store.settle(ends)).toEqual([true, false, true]);
  }),

  storeCase(
    'the history keeps the last 20 attempts',
    async (stage) => {
      await stage.add('a');
      for (let attempt = 1; attempt <= 22; attempt++) {
        await stage.end(await stage.one(), failed('retry_after', 0));
      }
      const { history } = await stage.get('a');
      expect(history.map(({ attempt }) => attempt)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 3),
      );
    },
    [policyOf('q', { maxAttempts: 50 })],
  ),

  storeCase(
    'finished jobs are kept for looking up, the last ones only',
    async (stage) => {
      await stage.addAll('abc');
      for (const lease of await stage.lease(3)) await stage.end(lease);
      expect(await stage.store.get(stage.id('a'))).toBeUndefined();
      expect((await stage.get('b')).state).toBe('completed');
      expect(await stage.listed()).toBe('bc');
      expect((await stage.store.stats()).get('q')).toMatchObject({
        retained: 2,
        totals: { completed: 3 },
      });
    },
    [policyOf('q', { retainCompleted: 2 })],
  ),

  storeCase(
    'a queue that keeps no finished jobs forgets them at once',
    async (stage) => {
      await stage.add('a');
      expect(await stage.end(await stage.one())).toBe(true);
      expect(await stage.listed()).toBe('');
    },
    [policyOf('q', { retainCompleted: 0 })],
  ),
];
