import { expect } from 'vitest';
import { ALIVE, groupJobs } from '../../../src/queue/groups.ts';
import { scanJobs } from '../../../src/queue/scan.ts';
import type { GroupScan, ScannedGroup } from '../../../src/queue/store.ts';
import { failed, policyOf, type StoreStage } from '../../support/store-fixture.ts';
import { storeCase, unlessGap, type StoreCase } from '../../support/store-case.ts';

const fifo = [policyOf('q', { type: 'fifo', groupField: 'g', maxAttempts: 2 })];
const groupCase = (name: string, act: (stage: StoreStage) => Promise<void>): StoreCase =>
  unlessGap('browse_waiting', storeCase(name, act, fifo));

const one = { group: '1' };
const two = { group: '2' };
/** Longer than what a store may want to have in a key. */
const long = { group: JSON.stringify('long'.repeat(200)) };

async function scanned(
  { store }: StoreStage,
  wants: Partial<GroupScan> = {},
): Promise<ScannedGroup[]> {
  const scan: GroupScan = { queue: 'q', only: null, most: 1, ...wants };
  const jobs = { queues: ['q'], states: ALIVE, order: 'accepted', after: null } as const;
  const found: ScannedGroup[] = [];
  const slices = store.groups?.(scan) ?? groupJobs(scanJobs(store, jobs), scan);
  for await (const groups of slices) found.push(...groups);
  return found;
}

/** Per group the names of its oldest jobs and how many there are: `ab/3`. */
async function shown(stage: StoreStage, wants: Partial<GroupScan> = {}): Promise<string[]> {
  const groups = await scanned(stage, wants);
  return groups.map(
    ({ first, jobs }) => `${stage.names(first.map(({ id }) => id)).join('')}/${jobs}`,
  );
}

export const groupCases = [
  groupCase('groups are shown with their jobs counted, the oldest head first', async (stage) => {
    await stage.add('a', two);
    await stage.addAll('bcd', one);
    await stage.add('e', two);
    await stage.add('f', long);
    await stage.addAll('gh', { group: '' });
    expect(await shown(stage)).toEqual(['a/2', 'b/3', 'f/1', 'g/2']);
    expect(await shown(stage, { most: 2 })).toEqual(['ae/2', 'bc/3', 'f/1', 'gh/2']);
    const groups = (await scanned(stage)).map(({ group }) => group);
    expect(groups).toEqual(['2', '1', long.group, '']);
  }),

  groupCase('of the groups that are asked for those without jobs are left out', async (stage) => {
    await stage.addAll('ab', one);
    await stage.add('c', long);
    await stage.add('d', two);
    expect(await shown(stage, { only: ['1'], most: 3 })).toEqual(['ab/2']);
    expect(await shown(stage, { only: [long.group] })).toEqual(['c/1']);
    expect(await shown(stage, { only: ['"1"', '3'] })).toEqual([]);
  }),

  groupCase('a group is told of as long as a job of it can run', async (stage) => {
    await stage.addAll('ab', one);
    await stage.add('c', { ...two, dueAt: stage.clock.now() + 5_000, functionId: 'other' });
    const lease = await stage.one();
    const [first, second] = await scanned(stage);
    expect(first?.first).toMatchObject([
      { id: stage.id('a'), functionId: 'f', state: 'in_flight', attempts: 0 },
    ]);
    expect(second?.first).toMatchObject([
      {
        id: stage.id('c'),
        functionId: 'other',
        state: 'delayed',
        dueAt: stage.clock.now() + 5_000,
      },
    ]);
    await stage.end(lease, failed());
    expect((await scanned(stage))[0]?.first).toMatchObject([{ state: 'delayed', attempts: 1 }]);
    await stage.clock.advance(5_000);
    expect((await scanned(stage)).map(({ first: jobs }) => jobs[0]?.state)).toEqual([
      'waiting',
      'waiting',
    ]);
    await stage.kill();
    expect(await shown(stage)).toEqual(['b/1', 'c/1']);
    await stage.end(await stage.one());
    await stage.end(await stage.one());
    expect(await shown(stage)).toEqual([]);
  }),

  groupCase('a job brought back before one in flight comes first in its group', async (stage) => {
    await stage.addAll('abc', one);
    await stage.kill();
    await stage.one();
    await stage.store.redrive({ queues: ['q'], ids: [stage.id('a')], limit: 1 });
    expect(await shown(stage, { most: 2 })).toEqual(['ab/3']);
  }),
];
