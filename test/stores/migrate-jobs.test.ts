import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { migrateJobs } from '../../src/stores/migrate-jobs.ts';
import { StoreSource } from '../../src/stores/store-source.ts';
import { StoreTarget } from '../../src/stores/store-target.ts';
import { fileMaker } from '../support/file-maker.ts';
import { memoryMaker } from '../support/memory-maker.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

const POLICIES = [policyOf('a'), policyOf('b')];

describe('moving jobs from store to store', () => {
  it('keeps two jobs to which two queues of the source gave one place', async () => {
    const clock = new ManualClock();
    const from = await memoryMaker.open(POLICIES, clock);
    const to = await fileMaker.open(POLICIES, clock);
    const names = ['a', 'b', 'a'];
    await from.append(
      names.map((queue, at) => newJob(uuidOf(at + 1), clock.now(), { queue, payload: `[${at}]` })),
    );
    // each queue counts for itself
    const source = new StoreSource(from, { clock, random: systemRandom });
    const look = source.look.bind(source);
    source.look = async function* () {
      const places = new Map<string, number>();
      for await (const slice of look()) {
        yield slice.map(({ job }) => {
          const seq = (places.get(job.queue) ?? 0) + 1;
          places.set(job.queue, seq);
          return { job: { ...job, seq } };
        });
      }
    };
    const target = new StoreTarget(to, POLICIES);
    await migrateJobs({ from: source, to: target, clock, dryRun: false });
    for (const at of [0, 1, 2]) {
      const found = await to.get(uuidOf(at + 1));
      expect(found).toMatchObject({ queue: names[at], payload: `[${at}]` });
    }
    const filter = { states: null, functionId: null, order: 'accepted', limit: 9 } as const;
    const { jobs } = await to.list({ ...filter, queues: ['a'], cursor: null });
    expect(jobs.map(({ id }) => id)).toEqual([uuidOf(1), uuidOf(3)]);
    await from.close();
    await fileMaker.dispose?.(to);
  });
});
