import { expect } from 'vitest';
import { scanJobs, scannedJob } from '../../../src/queue/scan.ts';
import type { JobFilter, JobScan, ScannedJob } from '../../../src/queue/store.ts';
import { failed, policyOf } from '../../support/store-fixture.ts';
import type { StoreStage } from '../../support/store-fixture.ts';
import { storeCase, unlessGap } from '../../support/store-case.ts';

const everything: JobFilter = {
  queues: null,
  states: null,
  functionId: null,
  order: 'accepted',
  limit: 100,
  cursor: null,
};

/** The names of each page of a list. */
async function pages(stage: StoreStage, filter: Partial<JobFilter>): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await stage.store.list({ ...everything, ...filter, cursor });
    found.push(stage.names(page.jobs.map(({ id }) => id)).join(''));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return found;
}

/** The names a scan shows, in order; or those behind a job. */
async function scanned(stage: StoreStage, scan: Partial<JobScan> = {}): Promise<string> {
  const found: string[] = [];
  const whole: JobScan = { queues: null, states: null, order: 'accepted', after: null, ...scan };
  for await (const slice of scanJobs(stage.store, whole)) {
    for (const job of slice) {
      // a scan tells of each job what `get` tells
      const known = await stage.store.get(job.id);
      if (known !== undefined) expect(factsOf(job)).toEqual(factsOf(scannedJob(known)));
      found.push(job.id);
    }
  }
  return stage.names(found).join('');
}

function factsOf(job: ScannedJob): Readonly<Record<string, unknown>> {
  const { id, queue, functionId, state, group, priority, attempts, interruptions, epoch } = job;
  const { enqueuedAt, dueAt, stampAt } = job;
  return {
    ...{ id, queue, functionId, state, group, priority, attempts, interruptions, epoch },
    ...{ enqueuedAt, dueAt, stampAt },
    payload: job.payload(),
    cause: job.cause(),
    failure: job.failure(),
    whole: job.whole(),
  };
}

export const browseCases = [
  storeCase('a scan shows every job once, in the order of acceptance', async (stage) => {
    await stage.addAll('abcdef');
    await stage.add('g', { dueAt: stage.clock.now() + 9_000, group: '"x"' });
    await stage.end(await stage.one());
    await stage.kill();
    await stage.one();
    expect(await scanned(stage)).toBe('abcdefg');
    expect(await scanned(stage, { states: ['waiting', 'dead'] })).toBe('bdef');
    expect(await scanned(stage, { queues: ['q'], states: ['discarded'] })).toBe('');
  }),

  storeCase('a scan shows dead jobs in the order of their deaths', async (stage) => {
    await stage.addAll('abcde');
    const leases = await stage.lease(4);
    for (const lease of leases.toReversed()) await stage.end(lease, failed('non_retryable'));
    expect(await scanned(stage, { order: 'died' })).toBe('dcba');
  }),

  storeCase('a scan goes on behind a job, whatever became of that', async (stage) => {
    await stage.addAll('abcdef');
    const cursors: string[] = [];
    const scan: JobScan = { queues: ['q'], states: null, order: 'accepted', after: null };
    for await (const slice of scanJobs(stage.store, scan)) {
      cursors.push(...slice.map(({ cursor }) => cursor));
    }
    expect(await scanned(stage, { after: cursors[2] ?? '' })).toBe('def');
    await stage.store.cancel([stage.id('c'), stage.id('e')]);
    expect(await scanned(stage, { after: cursors[2] ?? '', states: ['waiting'] })).toBe('df');
    expect(await scanned(stage, { after: cursors[5] ?? '' })).toBe('');
  }),

  storeCase(
    'a scan leaves out what is no longer of its kind when it comes to it',
    async (stage) => {
      await stage.addAll('abc');
      const seen: string[] = [];
      const scan: JobScan = { queues: ['q'], states: ['waiting'], order: 'accepted', after: null };
      const slices = scanJobs(stage.store, scan)[Symbol.asyncIterator]();
      await stage.store.cancel([stage.id('b')]);
      for (let next = await slices.next(); next.done !== true; next = await slices.next()) {
        seen.push(...next.value.map(({ id }) => id));
      }
      expect(stage.names(seen).join('')).toBe('ac');
    },
  ),

  storeCase('pages give every job once, and the last one has no cursor', async (stage) => {
    await stage.addAll('abcdefgh');
    expect(await pages(stage, { limit: 3 })).toEqual(['abc', 'def', 'gh']);
    expect(await pages(stage, { limit: 4 })).toEqual(['abcd', 'efgh']);
    expect(await pages(stage, { limit: 9 })).toEqual(['abcdefgh']);
  }),

  storeCase(
    'a page goes on where the one before ended, whatever happened between',
    async (stage) => {
      await stage.addAll('abcdef');
      const first = await stage.store.list({ ...everything, limit: 2 });
      await stage.store.cancel([stage.id('b')]);
      await stage.lease(1);
      await stage.add('g');
      const next = await stage.store.list({ ...everything, cursor: first.nextCursor });
      expect(stage.names(next.jobs.map(({ id }) => id)).join('')).toBe('cdefg');
    },
  ),

  storeCase('dead jobs come in pages by the order of their deaths', async (stage) => {
    await stage.addAll('abcde');
    const leases = await stage.lease(4);
    for (const lease of leases.toReversed()) await stage.end(lease, failed('non_retryable'));
    expect(await pages(stage, { order: 'died', limit: 3 })).toEqual(['dcb', 'a']);
    expect(await pages(stage, { order: 'last_died', limit: 3 })).toEqual(['abc', 'd']);
    expect(await pages(stage, { order: 'last_died', limit: 2 })).toEqual(['ab', 'cd']);
  }),

  storeCase(
    'a list is filtered by queue, state and function',
    async (stage) => {
      await stage.add('a');
      await stage.add('b', { functionId: 'g' });
      await stage.add('c', { queue: 'other' });
      await stage.add('d', { dueAt: stage.clock.now() + 10 });
      await stage.lease(1);
      expect(await pages(stage, { queues: ['other'] })).toEqual(['c']);
      expect(await pages(stage, { queues: ['q', 'other'] })).toEqual(['abcd']);
      expect(await pages(stage, { states: ['in_flight', 'delayed'] })).toEqual(['ad']);
      expect(await pages(stage, { functionId: 'g' })).toEqual(['b']);
      expect(await pages(stage, { functionId: 'unheard-of' })).toEqual(['']);
    },
    [policyOf('q'), policyOf('other')],
  ),

  storeCase('a cursor that cannot be read is refused', async (stage) => {
    await stage.addAll('abc');
    const { nextCursor } = await stage.store.list({ ...everything, limit: 1 });
    for (const filter of [
      { cursor: 'nonsense' },
      { cursor: '' },
      { cursor: nextCursor, order: 'died' as const },
    ]) {
      await expect(stage.store.list({ ...everything, ...filter })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENTS',
      });
    }
  }),

  storeCase('a job that is not there is undefined, whatever the id looks like', async (stage) => {
    await stage.add('a');
    expect(await stage.store.get(stage.id('b'))).toBeUndefined();
    expect(await stage.store.get('')).toBeUndefined();
    expect(await stage.store.get(stage.id('a').replaceAll('-', '_'))).toBeUndefined();
    expect((await stage.store.get(stage.id('a').toUpperCase()))?.id).toBe(stage.id('a'));
  }),

  storeCase('looking neither consumes nor reorders', async (stage) => {
    await stage.addAll('abc');
    await stage.listed();
    await stage.get('b');
    await stage.store.stats();
    expect(await stage.get('b')).toMatchObject({ state: 'waiting', epoch: 0 });
    expect(await stage.leased(9)).toBe('abc');
  }),

  storeCase('the counts follow every job, and totals only grow', async (stage) => {
    const began = stage.clock.now();
    await stage.addAll('ab');
    await stage.clock.advance(5);
    await stage.addAll('cd');
    await stage.add('e', { dueAt: stage.clock.now() + 9_000 });
    await stage.end(await stage.one());
    await stage.end(await stage.one(), failed());
    await stage.kill();
    await stage.store.discard({ queues: ['q'], ids: null, limit: 1 });
    expect((await stage.store.stats()).get('q')).toEqual({
      waiting: 1,
      delayed: 2,
      inFlight: 0,
      dead: 0,
      retained: 2,
      oldestWaitingAt: began + 5,
      waitingByFunction: new Map([['f', 1]]),
      groups: 0,
      paused: false,
      totals: { enqueued: 5, completed: 1, failed: 2, dead: 1, redriven: 0, discarded: 1 },
    });
    await stage.one();
    expect((await stage.store.stats()).get('q')).toMatchObject({
      inFlight: 1,
      oldestWaitingAt: null,
    });
  }),

  storeCase('a pause is recorded and can be taken back', async (stage) => {
    const paused = async (): Promise<boolean | undefined> =>
      (await stage.store.stats()).get('q')?.paused;
    await stage.store.pause('q', true);
    expect(await paused()).toBe(true);
    await stage.store.pause('q', false);
    expect(await paused()).toBe(false);
  }),

  unlessGap(
    'live_type',
    storeCase('the type of a queue can change while jobs wait and run', async (stage) => {
      await stage.addAll('abc', { group: '1' });
      stage.store.configure([policyOf('q', { type: 'fifo', groupField: 'g' })]);
      expect(await stage.leased(9)).toBe('a');
      expect((await stage.store.stats()).get('q')?.groups).toBe(1);
      stage.store.configure([policyOf('q')]);
      expect(await stage.leased(9)).toBe('bc');
    }),
  ),

  storeCase('queues can be added', async (stage) => {
    stage.store.configure([policyOf('new')]);
    await stage.add('n', { queue: 'new' });
    expect((await stage.get('n')).queue).toBe('new');
  }),
];
