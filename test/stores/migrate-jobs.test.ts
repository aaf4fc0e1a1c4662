import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { STORE_GAPS } from '../../src/queue/store-gaps.ts';
import type { Store } from '../../src/queue/store.ts';
import { migrateJobs } from '../../src/stores/migrate-jobs.ts';
import { StoreTarget } from '../../src/stores/store-target.ts';
import { memoryMaker } from '../support/memory-maker.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

/** The same store, that says of itself what a RabbitMQ store says. */
function asBroker(store: Store): Store {
  const traits = { ...store.traits, name: 'rabbitmq', gaps: STORE_GAPS.rabbitmq } as const;
  return new Proxy(store, {
    get: (target, name): unknown => {
      if (name === 'traits') return traits;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('moving jobs from store to store', () => {
  it('refuses a source that does not show every job, and leaves it as it is', async () => {
    const clock = new ManualClock();
    const policies = [policyOf('a')];
    const from = await memoryMaker.open(policies, clock);
    const to = await memoryMaker.open(policies, clock);
    await from.append([newJob(uuidOf(1), clock.now(), { queue: 'a' })]);
    const target = new StoreTarget(to, policies);
    const parts = { to: target, clock, random: systemRandom, dryRun: false };
    await expect(migrateJobs({ ...parts, from: asBroker(from) })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'Jobs cannot be moved out of the rabbitmq store.',
    });
    expect((await from.stats()).get('a')?.waiting).toBe(1);
    expect(await migrateJobs({ ...parts, from })).toMatchObject({ jobs: 1 });
    await from.close();
    await to.close();
  });
});
