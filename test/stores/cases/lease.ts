import { expect } from 'vitest';
import { NOT_STARTED, policyOf } from '../../support/store-fixture.ts';
import { storeCase, unlessGap } from '../../support/store-case.ts';

export const leaseCases = [
  storeCase('jobs are leased in the order in which they were accepted', async (stage) => {
    await stage.addAll('abcde');
    expect(await stage.leased(2)).toBe('ab');
    expect(await stage.leased(9)).toBe('cde');
    expect(await stage.leased()).toBe('');
  }),

  storeCase('a lease never gives more than its limit', async (stage) => {
    await stage.addAll('abcdef');
    for (const limit of [0, 1, 2]) expect(await stage.lease(limit)).toHaveLength(limit);
    expect((await stage.store.stats()).get('q')).toMatchObject({ waiting: 3, inFlight: 3 });
  }),

  unlessGap(
    'priority',
    storeCase('a higher priority goes first, and equal ones keep their order', async (stage) => {
      await stage.addAll('ab');
      await stage.addAll('cd', { priority: 5, functionId: 'g' });
      await stage.add('e', { priority: 9 });
      await stage.add('f', { priority: 5 });
      expect(await stage.leased(9)).toBe('ecdfab');
    }),
  ),

  storeCase(
    'a job whose function nobody offers waits, uses no attempt and blocks nobody',
    async (stage) => {
      await stage.addAll('ab', { functionId: 'missing' });
      await stage.addAll('cd');
      expect(await stage.leased(9, ['f'])).toBe('cd');
      expect(await stage.leased(9, ['f'])).toBe('');
      expect(await stage.get('a')).toMatchObject({ state: 'waiting', attempts: 0, epoch: 0 });
      const stats = (await stage.store.stats()).get('q');
      expect([...(stats?.waitingByFunction ?? [])]).toEqual([['missing', 2]]);
      expect(await stage.leased(9, ['missing'])).toBe('ab');
    },
  ),

  storeCase('functions are leased together in the order of acceptance', async (stage) => {
    await stage.add('a', { functionId: 'x' });
    await stage.add('b', { functionId: 'y' });
    await stage.add('c', { functionId: 'z' });
    await stage.add('d', { functionId: 'x' });
    expect(await stage.leased(9, ['x', 'y'])).toBe('abd');
  }),

  storeCase('a lease carries the job, the number of the attempt and an epoch', async (stage) => {
    await stage.add('a');
    await stage.clock.advance(5);
    const lease = await stage.one();
    expect(lease).toMatchObject({ attempt: 1, job: { state: 'in_flight', payload: '{"n":1}' } });
    expect(lease.job.leasedAt).toBe(stage.clock.now());
    expect(lease.job.epoch).toBe(lease.epoch);
    await stage.end(lease, NOT_STARTED);
    expect((await stage.one()).epoch).toBeGreaterThan(lease.epoch);
  }),

  storeCase(
    'queues do not see the jobs of one another',
    async (stage) => {
      await stage.add('a', { queue: 'other' });
      expect(await stage.leased()).toBe('');
      expect((await stage.one(null, 'other')).job.id).toBe(stage.id('a'));
    },
    [policyOf('q'), policyOf('other')],
  ),

  storeCase('accepting a job signals that it can be leased', async (stage) => {
    await stage.add('a');
    expect(stage.takeSignals()).toContain('leasable');
    await stage.add('b', { dueAt: stage.clock.now() + 10 });
    expect(stage.takeSignals()).toEqual([]);
    await stage.clock.advance(10);
    expect(stage.takeSignals()).toContain('leasable');
  }),
];
