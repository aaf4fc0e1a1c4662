import { expect } from 'vitest';
import { failed, INTERRUPTED, policyOf } from '../../support/store-fixture.ts';
import type { StoreStage } from '../../support/store-fixture.ts';
import type { StoreCase } from '../../support/store-case.ts';
import { storeCase } from '../../support/store-case.ts';

const fifo = [policyOf('q', { type: 'fifo', groupField: 'g', maxAttempts: 2 })];
const fifoCase = (name: string, act: (stage: StoreStage) => Promise<void>): StoreCase =>
  storeCase(name, act, fifo);

const one = { group: '1' };
const two = { group: '2' };

export const fifoCases = [
  fifoCase('the jobs of one group run one at a time, in order', async (stage) => {
    await stage.addAll('abc', one);
    expect(await stage.leased(9)).toBe('a');
    expect(await stage.leased(9)).toBe('');
    await stage.end(await leaseOf(stage, 'a'));
    expect(await stage.leased(9)).toBe('b');
  }),

  fifoCase(
    'groups run side by side, the one whose head was accepted first goes first',
    async (stage) => {
      await stage.add('a', two);
      await stage.add('b', one);
      await stage.add('c', two);
      await stage.add('d', { group: '"1"' });
      const first = await stage.one();
      expect(stage.names([first.job.id])).toEqual(['a']);
      expect(await stage.leased(1)).toBe('b');
      stage.takeSignals();
      await stage.end(first);
      expect(stage.takeSignals()).toContain('leasable');
      expect(await stage.leased(9)).toBe('cd');
    },
  ),

  fifoCase('a head in backoff blocks its group and no other', async (stage) => {
    await stage.addAll('ab', one);
    await stage.addAll('cd', two);
    await stage.end(await stage.one(), failed());
    expect(await stage.leased(9)).toBe('c');
    await stage.clock.advance(999);
    expect(await stage.leased(9)).toBe('');
    await stage.clock.advance(1);
    expect(await stage.leased(9)).toBe('a');
  }),

  fifoCase('a head whose function nobody offers blocks its group and no other', async (stage) => {
    await stage.add('a', { ...one, functionId: 'missing' });
    await stage.add('b', one);
    await stage.add('c', two);
    expect(await stage.leased(9, ['f'])).toBe('c');
    expect(await stage.leased(9)).toBe('a');
  }),

  fifoCase('a delayed head blocks its group until it is due', async (stage) => {
    await stage.add('a', { ...one, dueAt: stage.clock.now() + 50 });
    await stage.add('b', one);
    expect(await stage.get('a')).toMatchObject({ state: 'delayed' });
    expect(await stage.leased(9)).toBe('');
    await stage.clock.advance(50);
    expect(await stage.leased(9)).toBe('a');
  }),

  fifoCase('a delayed job behind the head starts to block when it becomes head', async (stage) => {
    await stage.add('a', one);
    await stage.add('b', { ...one, dueAt: stage.clock.now() + 50 });
    await stage.add('c', one);
    await stage.end(await stage.one());
    expect(await stage.get('b')).toMatchObject({ state: 'delayed' });
    expect(await stage.leased(9)).toBe('');
    await stage.clock.advance(50);
    expect(await stage.leased(9)).toBe('b');
  }),

  fifoCase('a lost worker changes nothing in the order of its group', async (stage) => {
    await stage.addAll('ab', one);
    await stage.end(await stage.one(), INTERRUPTED);
    expect(await stage.leased(9)).toBe('a');
  }),

  fifoCase('when the head is dead the group goes on', async (stage) => {
    await stage.addAll('ab', one);
    stage.takeSignals();
    await stage.kill();
    expect(stage.takeSignals()).toContain('leasable');
    expect(await stage.leased(9)).toBe('b');
  }),

  fifoCase('redrive puts a job before the later ones of its group', async (stage) => {
    await stage.addAll('abcd', one);
    await stage.kill();
    await stage.kill();
    await stage.store.redrive({ queues: ['q'], ids: [stage.id('b')], limit: 9 });
    await stage.store.redrive({ queues: ['q'], ids: [stage.id('a')], limit: 9 });
    let order = '';
    for (let count = 0; count < 4; count++) {
      const lease = await stage.one();
      order += stage.names([lease.job.id]).join('');
      await stage.end(lease);
    }
    expect(order).toBe('abcd');
  }),

  fifoCase('a job redriven while a later one is in flight comes right after it', async (stage) => {
    await stage.addAll('abc', one);
    await stage.kill();
    const later = await stage.one();
    await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
    expect(await stage.leased(9)).toBe('');
    await stage.end(later);
    expect(await stage.leased(9)).toBe('a');
  }),

  fifoCase(
    'a job redriven while a later one is in flight goes first when that one fails',
    async (stage) => {
      await stage.addAll('ab', one);
      await stage.kill();
      const later = await stage.one();
      await stage.store.redrive({ queues: ['q'], ids: null, limit: 9 });
      await stage.end(later, failed());
      const first = await stage.one();
      expect(stage.names([first.job.id])).toEqual(['a']);
      await stage.end(first);
      expect(await stage.get('b')).toMatchObject({ state: 'delayed', attempts: 1 });
    },
  ),

  fifoCase(
    'cancelling the head lets the group go on, cancelling behind it does not',
    async (stage) => {
      await stage.addAll('abcd', one);
      await stage.store.cancel([stage.id('b')]);
      expect(await stage.leased(9)).toBe('a');
      await stage.end(await leaseOf(stage, 'a'));
      await stage.store.cancel([stage.id('c')]);
      expect(await stage.leased(9)).toBe('d');
    },
  ),

  fifoCase('a group is counted as long as one of its jobs can still run', async (stage) => {
    const groups = async (): Promise<number | undefined> =>
      (await stage.store.stats()).get('q')?.groups;
    await stage.addAll('ab', one);
    await stage.add('c', two);
    expect(await groups()).toBe(2);
    await stage.kill();
    expect(await groups()).toBe(2);
    await stage.kill();
    expect(await groups()).toBe(1);
    await stage.end(await stage.one());
    expect(await groups()).toBe(0);
  }),
];

/** The lease of a job that is in flight. */
async function leaseOf(stage: StoreStage, name: string) {
  const job = await stage.get(name);
  return { job, attempt: job.attempts + 1, epoch: job.epoch };
}
