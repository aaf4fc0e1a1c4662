import { expect } from 'vitest';
import type { Expected } from '../../../src/queue/store.ts';
import type { Job } from '../../../src/queue/types.ts';
import { restartCase, storeCase, unlessGap } from '../../support/store-case.ts';
import { failed, policyOf, type StoreStage } from '../../support/store-fixture.ts';

const twoQueues = [policyOf('q'), policyOf('other')];
const fifo = [policyOf('q', { type: 'fifo', groupField: 'g' })];

const rewrite = async (
  stage: StoreStage,
  job: Job,
  expects: Expected | Job,
): Promise<boolean | undefined> => {
  const { rewrite: put } = stage.store;
  if (put === undefined) throw new Error('the store does not rewrite');
  const expected = expects === 'absent' ? expects : { state: expects.state, epoch: expects.epoch };
  return (await put.call(stage.store, [{ job, expects: expected }]))[0];
};

const fresh = (job: Job, changes: Partial<Job> = {}): Job => ({
  ...job,
  state: 'waiting',
  attempts: 0,
  interruptions: 0,
  failure: null,
  ...changes,
});

const cases = [
  storeCase('a dead job is edited where it is', async (stage) => {
    await stage.addAll('abc');
    await stage.kill();
    await stage.kill();
    await stage.kill();
    const before = await stage.get('b');
    const edited = { ...before, payload: '{"n":2}', functionId: 'g' };
    expect(await rewrite(stage, edited, before)).toBe(true);
    const { epoch, ...after } = await stage.get('b');
    expect(after).toEqual({ ...edited, epoch: undefined, ...after });
    expect(after).toMatchObject({ payload: '{"n":2}', functionId: 'g', state: 'dead' });
    expect(after.history).toEqual(before.history);
    expect(epoch).toBeGreaterThan(before.epoch);
    expect(await stage.listed('died')).toBe('abc');
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
    expect(await stage.leased(9)).toBe('abc');
  }),

  storeCase(
    'the head of a group can be made to wait, and its group waits with it',
    async (stage) => {
      await stage.addAll('abc', { group: '1' });
      await stage.addAll('x', { group: '2' });
      const head = await stage.get('a');
      const dueAt = Date.UTC(9999, 11, 31);
      expect(await rewrite(stage, { ...head, state: 'delayed', dueAt }, head)).toBe(true);
      expect(await stage.leased(9)).toBe('x');
      const parked = await stage.get('a');
      expect(parked).toMatchObject({ state: 'delayed', dueAt, seq: head.seq });
      const back = { ...parked, state: 'waiting' as const, dueAt: head.dueAt };
      expect(await rewrite(stage, back, parked)).toBe(true);
      expect(await stage.leased(9)).toBe('a');
    },
    fifo,
  ),

  storeCase('what changed since it was looked at is left alone', async (stage) => {
    await stage.addAll('ab');
    await stage.kill();
    const dead = await stage.get('a');
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 1 });
    expect(await rewrite(stage, dead, dead)).toBe(false);
    await stage.kill();
    expect(await rewrite(stage, dead, dead)).toBe(false);
    expect(await rewrite(stage, dead, 'absent')).toBe(false);
    const waiting = await stage.get('b');
    await stage.one();
    expect(await rewrite(stage, waiting, waiting)).toBe(false);
    expect(await rewrite(stage, { ...dead, id: stage.id('z') }, dead)).toBe(false);
    expect((await stage.store.stats()).get('q')).toMatchObject({ dead: 1, inFlight: 1 });
  }),

  storeCase(
    'a job moves to another queue with its place in the order of acceptance',
    async (stage) => {
      await stage.add('a', { queue: 'other' });
      await stage.addAll('bcd');
      await stage.add('e', { queue: 'other' });
      await stage.kill();
      const dead = await stage.get('b');
      expect(await rewrite(stage, fresh(dead, { queue: 'other' }), dead)).toBe(true);
      const waiting = await stage.get('d');
      expect(await rewrite(stage, { ...waiting, queue: 'other' }, waiting)).toBe(true);
      expect(await stage.leased(9)).toBe('c');
      const leases = await stage.lease(9, null, 'other');
      expect(stage.names(leases.map(({ job }) => job.id)).join('')).toBe('abde');
      expect((await stage.store.stats()).get('q')).toMatchObject({ dead: 0, waiting: 0 });
      expect((await stage.store.stats()).get('other')).toMatchObject({ inFlight: 4 });
    },
    twoQueues,
  ),

  storeCase(
    'a waiting head of a group that is edited is still the head',
    async (stage) => {
      await stage.addAll('abc', { group: '1' });
      const head = await stage.get('a');
      expect(await rewrite(stage, { ...head, payload: '{"n":7}' }, head)).toBe(true);
      const lease = await stage.one();
      expect([stage.names([lease.job.id]), lease.job.payload]).toEqual([['a'], '{"n":7}']);
      expect(await stage.leased(9)).toBe('');
      await stage.end(lease);
      expect(await stage.leased(9)).toBe('b');
    },
    fifo,
  ),

  storeCase('a discarded job comes back to its place with all that happened', async (stage) => {
    await stage.addAll('abc');
    await stage.kill();
    await stage.kill();
    const [a, c] = [await stage.get('a'), await stage.get('c')];
    await stage.store.discard({ queues: ['q'], ids: [a.id], limit: 1 });
    await stage.store.cancel([c.id]);
    expect(await rewrite(stage, a, 'absent')).toBe(true);
    expect(await rewrite(stage, c, 'absent')).toBe(true);
    const back = await stage.get('a');
    expect(back).toEqual({ ...a, epoch: back.epoch });
    expect(back.epoch).toBeGreaterThan(a.epoch);
    expect(await stage.listed('died')).toBe('ba');
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
    expect(await stage.leased(9)).toBe('abc');
    expect((await stage.store.stats()).get('q')?.retained).toBe(0);
  }),

  storeCase('a job that never was there gets a place at the end', async (stage) => {
    await stage.addAll('ab');
    await stage.kill();
    const dead = await stage.get('a');
    expect(await rewrite(stage, { ...dead, id: stage.id('x'), seq: 0 }, 'absent')).toBe(true);
    await stage.add('c');
    expect(await stage.listed('died')).toBe('ax');
    await stage.kill();
    expect(await stage.listed('died')).toBe('axb');
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
    expect(await stage.leased(9)).toBe('abxc');
  }),

  storeCase('a dedup key that another job holds is not given twice', async (stage) => {
    await stage.add('a', { dedupKey: 'k' });
    const held = await stage.get('a');
    await stage.store.cancel([held.id]);
    await stage.add('b', { dedupKey: 'k' });
    expect(await rewrite(stage, held, 'absent')).toBe(false);
    expect(await stage.leased(9)).toBe('b');
  }),

  storeCase('a delayed job that is rewritten waits for its new time', async (stage) => {
    await stage.add('a', { dueAt: stage.clock.now() + 9_000 });
    const delayed = await stage.get('a');
    const now = stage.clock.now();
    expect(await rewrite(stage, { ...delayed, state: 'waiting', dueAt: now }, delayed)).toBe(true);
    expect(await stage.leased()).toBe('a');
  }),

  restartCase(
    'what was rewritten is so after a restart',
    async (stage) => {
      await stage.addAll('abcd');
      await stage.end(await stage.one(), failed('non_retryable'));
      const [a, c] = [await stage.get('a'), await stage.get('c')];
      await rewrite(stage, { ...a, payload: '{"n":2}' }, a);
      await rewrite(stage, { ...c, queue: 'other' }, c);
      await rewrite(stage, { ...a, id: stage.id('x'), seq: 0 }, 'absent');
      const before = [await stage.get('a'), await stage.get('c'), await stage.get('x')];
      await stage.reopen();
      expect([await stage.get('a'), await stage.get('c'), await stage.get('x')]).toEqual(before);
      await stage.add('e');
      await stage.kill();
      expect(await stage.listed('died')).toBe('axb');
      expect(await stage.leased(9)).toBe('de');
    },
    twoQueues,
  ),
];

/** Promises of the stores that rewrite. */
export const rewriteCases = cases.map((one) => unlessGap('rewrite', one));
