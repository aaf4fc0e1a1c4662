import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { decide } from '../../../src/queue/decide.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Job, QueuePolicy } from '../../../src/queue/types.ts';
import { migrate } from '../../../src/stores/migrate.ts';
import { migrateJobs } from '../../../src/stores/migrate-jobs.ts';
import { createStore } from '../../../src/stores/registry.ts';
import { StoreSource } from '../../../src/stores/store-source.ts';
import { StoreTarget } from '../../../src/stores/store-target.ts';
import { fileMaker } from '../../support/file-maker.ts';
import { memoryMaker } from '../../support/memory-maker.ts';
import { redisMaker } from '../../support/redis-maker.ts';
import { useRedisServer } from '../../support/redis-suite.ts';
import {
  failed,
  fixedRandom,
  newJob,
  offerOf,
  policyOf,
  recordOf,
  uuidOf,
} from '../../support/store-fixture.ts';

const POLICIES = [policyOf('q'), policyOf('fifo', { type: 'fifo', groupField: 'g' })];

describe('moving jobs from store to store', () => {
  const server = useRedisServer();
  const makers = { file: fileMaker, redis: redisMaker(server) };

  /** A store with 30 jobs: waiting ones, a delayed and some dead ones, and one that is in flight. */
  const fill = async (store: Store, clock: ManualClock): Promise<void> => {
    for (let number = 1; number <= 30; number++) {
      const fifo = number % 3 === 0;
      const group = fifo ? String(number % 2) : null;
      const dueAt = clock.now() + (number === 10 ? 60_000 : 0);
      const settings = { queue: fifo ? 'fifo' : 'q', group, dueAt, payload: `{"n":${number}.0}` };
      await store.append([newJob(uuidOf(number), clock.now(), settings)]);
    }
    const leases = await store.lease({ queue: 'q', limit: 4, offer: offerOf(null) });
    for (const lease of leases.slice(0, 3).reverse()) {
      const outcome = failed('non_retryable');
      const policy = POLICIES[0] as QueuePolicy;
      const verdict = decide(outcome, lease, policy, clock.now(), fixedRandom());
      const record = recordOf(lease, outcome, clock.now());
      const at = clock.now();
      await store.settle([{ id: lease.job.id, epoch: lease.epoch, verdict, record, at }]);
    }
  };
  const jobsOf = async (store: Store, order: 'accepted' | 'died'): Promise<Partial<Job>[]> => {
    const states = ['waiting', 'delayed', 'dead', 'in_flight'] as const;
    const filter = { queues: null, functionId: null, cursor: null, limit: 1_000 };
    const { jobs } = await store.list({ ...filter, states, order });
    return jobs.map(({ seq: _seq, epoch: _epoch, state, leasedAt: _leasedAt, ...rest }) => ({
      ...rest,
      state: state === 'in_flight' ? 'waiting' : state,
    }));
  };

  it.each([
    ['file', 'redis'],
    ['redis', 'file'],
    ['redis', 'redis'],
  ] as const)('keeps everything from %s to %s, in order', async (source, target) => {
    const clock = new ManualClock();
    let from = await makers[source].open(POLICIES, clock);
    const to = await makers[target].open([policyOf('default')], clock);
    try {
      await fill(from, clock);
      const before = [await jobsOf(from, 'accepted'), await jobsOf(from, 'died')];
      from = (await makers[source].reopen?.(from, POLICIES, clock)) ?? from;
      const target = new StoreTarget(to, [policyOf('default')]);
      const parts = { from: sourceOf(from, clock), to: target, clock };
      const plan = await migrateJobs({ ...parts, dryRun: true });
      expect(plan).toMatchObject({ jobs: 29, dryRun: true });
      const report = await migrateJobs({ ...parts, dryRun: false });
      expect(report.jobs).toBe(30);
      expect(report.digests.to).toBe(report.digests.from);
      expect([await jobsOf(to, 'accepted'), await jobsOf(to, 'died')]).toEqual(before);
      expect(await jobsOf(from, 'accepted')).toEqual([]);
      expect((await migrateJobs({ ...parts, dryRun: false })).jobs).toBe(0);
      const heads = await to.lease({ queue: 'fifo', limit: 9, offer: offerOf(null) });
      expect(heads.map(({ job }) => job.id)).toEqual([uuidOf(3), uuidOf(6)]);
    } finally {
      await makers[source].dispose?.(from);
      await makers[target].dispose?.(to);
    }
  });

  it('goes on where it broke off', async () => {
    const clock = new ManualClock();
    const from = await makers.file.open(POLICIES, clock);
    const to = await makers.redis.open(POLICIES, clock);
    try {
      await fill(from, clock);
      const before = await jobsOf(from, 'died');
      const breaking = new Proxy(from, {
        get: (store, name) => {
          if (name === 'cancel') return () => Promise.reject(new Error('the power is gone'));
          const member: unknown = Reflect.get(store, name);
          return typeof member === 'function' ? (member.bind(store) as unknown) : member;
        },
      });
      const target = new StoreTarget(to, POLICIES);
      const parts = { to: target, clock, dryRun: false };
      await expect(migrateJobs({ ...parts, from: sourceOf(breaking, clock) })).rejects.toThrow(
        'power',
      );
      const report = await migrateJobs({ ...parts, from: sourceOf(from, clock) });
      expect(report.digests.to).toBe(report.digests.from);
      expect((await to.stats()).get('q')).toMatchObject({ dead: 3 });
      expect(await jobsOf(to, 'died')).toEqual(before);
    } finally {
      await makers.file.dispose?.(from);
      await makers.redis.dispose?.(to);
    }
  });

  it('leaves what another job stands in the way of', async () => {
    const clock = new ManualClock();
    const from = await memoryMaker.open(POLICIES, clock);
    const to = await makers.redis.open(POLICIES, clock);
    try {
      await from.append([newJob(uuidOf(1), clock.now())]);
      await to.append([newJob(uuidOf(1), clock.now(), { payload: '{"another":1}' })]);
      const target = new StoreTarget(to, POLICIES);
      const parts = { from: sourceOf(from, clock), to: target, clock, dryRun: false };
      await expect(migrateJobs(parts)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await from.get(uuidOf(1)))?.state).toBe('waiting');
    } finally {
      await from.close();
      await makers.redis.dispose?.(to);
    }
  });

  it('is refused while an engine uses the source', async () => {
    const clock = new ManualClock();
    const from = await makers.redis.open(POLICIES, clock);
    try {
      const to = await memoryMaker.open(POLICIES, clock);
      const card = { id: 'a', address: 'ws://x:1', version: '1', pid: 1, host: 'h', startedAt: 0 };
      await from.peers?.announce(card, () => ({ functions: {}, rates: {} }));
      const target = new StoreTarget(to, POLICIES);
      const parts = { from: sourceOf(from, clock), to: target, clock, dryRun: true };
      await expect(migrateJobs(parts)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('ws://x:1') as unknown,
      });
    } finally {
      await makers.redis.dispose?.(from);
    }
  });

  it('is refused when both names lead to the same place, and loses nothing', async () => {
    const clock = new ManualClock();
    const placeOf = (host: string) => ({
      jobs: {
        ...{ kind: 'redis' as const, url: new Secret(`redis://${host}:${server().port}`) },
        ...{ keyPrefix: 'same', leaseMs: 10_000, allowEviction: false },
      },
      ...{ users: null, policies: POLICIES },
    });
    const parts = { clock, random: systemRandom, log: silentLogger };
    const store = await createStore(placeOf('127.0.0.1').jobs, parts);
    await store.open(POLICIES);
    await store.append([newJob(uuidOf(1), clock.now())]);
    const moving = migrate(placeOf('127.0.0.1'), placeOf('localhost'), parts, {
      dryRun: false,
      allowLoss: false,
    });
    await expect(moving).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await store.get(uuidOf(1))).toMatchObject({ state: 'waiting' });
    await store.close();
  });
});

function sourceOf(store: Store, clock: ManualClock): StoreSource {
  return new StoreSource(store, { clock, random: systemRandom });
}
