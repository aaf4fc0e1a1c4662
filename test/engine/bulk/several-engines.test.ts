import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { IiiError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { AuditTrail } from '../../../src/engine/audit-trail.ts';
import { BulkTasks } from '../../../src/engine/bulk/bulk-tasks.ts';
import type { BulkRequest } from '../../../src/engine/bulk/task.ts';
import { EventStream } from '../../../src/engine/events.ts';
import type { StoreGaps } from '../../../src/queue/store-gaps.ts';
import type { Store } from '../../../src/queue/store.ts';
import { MemoryArchive } from '../../../src/stores/memory/memory-archive.ts';
import { MemoryStore } from '../../../src/stores/memory/memory-store.ts';
import { sharedStates } from '../../support/shared-state.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const POLICY = policyOf('q', { maxAttempts: 1, retainCompleted: 0 });
const EVERYTHING = { queues: ['q'], states: null, where: null, cluster: null };
const REQUEST: BulkRequest = {
  ...{ action: 'redrive', selection: { ...EVERYTHING, since: null, until: null }, jobs: null },
  ...{ to: null, ratePerSecond: null, limit: null, canary: null, keepsUndo: true, by: 'ann' },
};

/** Two engines on the same jobs, with the dead jobs of a queue. */
async function twoEngines(jobs: number, gaps: StoreGaps = {}) {
  const clock = new ManualClock();
  const memory = new MemoryStore({ clock });
  await memory.open([POLICY]);
  await memory.append(Array.from({ length: jobs }, (_, at) => newJob(uuidOf(at), clock.now())));
  const alive = new Map<string, boolean>();
  const peers = {
    announce: () => Promise.resolve(),
    list: () =>
      Promise.resolve(
        [...alive].map(([id, isAlive]) => ({
          ...{ id, alive: isAlive, lastSeenAt: 0, address: null, version: '0', pid: 1 },
          ...{ host: 'here', startedAt: 0 },
        })),
      ),
  };
  const store = new Proxy<Store>(memory, {
    get: (target, name) => {
      if (name === 'peers') return peers;
      if (name === 'traits') return { ...target.traits, sharedByEngines: true, gaps };
      // as a broker has it: what another engine holds is not shown
      if (name === 'get' && gaps.browse_waiting !== undefined) {
        return async (id: string) => {
          const job = await target.get(id);
          return job?.state === 'dead' ? job : undefined;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const states = sharedStates(2);
  const archive = new MemoryArchive();
  const streams: EventStream[] = [];
  const engineOf = async (self: string, at: number) => {
    const state = states[at]!;
    const events = new EventStream(silentLogger);
    streams.push(events);
    const tasks = new BulkTasks({
      ...{ self, events, store, state, archive, clock, random: systemRandom, log: silentLogger },
      audit: new AuditTrail(state, clock),
      undoWindowMs: 60_000,
      policyOf: () => POLICY,
      now: () => clock.now(),
    });
    alive.set(self, true);
    await tasks.start();
    return tasks;
  };
  /** Runs waiting jobs; unless it is said in which engine, in one that tells nobody. */
  const runJobs = async (limit: number, fails: boolean, engine?: number) => {
    const leases = await store.lease({ queue: 'q', limit, offer: offerOf(null) });
    const error = { code: 'boom', message: 'boom' };
    const verdict = fails
      ? ({ kind: 'dead', reason: 'exhausted', error, countsAttempt: true } as const)
      : ({ kind: 'complete' } as const);
    const at = clock.now();
    await store.settle(
      leases.map(({ job, epoch }) => ({ id: job.id, epoch, verdict, record: null, at })),
    );
    for (const { job } of leases) {
      const { id, queue } = job;
      if (engine !== undefined && !fails)
        streams[engine]?.emit({ kind: 'job_completed', queue, id, durationMs: 1 });
    }
    return leases.length;
  };
  await runJobs(jobs, true);
  await clock.advance(10);
  const [one, two] = [await engineOf('one', 0), await engineOf('two', 1)];
  return {
    ...{ one, two, clock, store, archive, runJobs, state: states[0]! },
    stats: async () => (await store.stats()).get('q'),
    audits: async () => (await states[0]!.list('iii::audit')).size,
    /** From now on it gives no sign of life, though it may still try to work. */
    freeze: (self: string) => {
      alive.set(self, false);
    },
    /** It is not listed any more. */
    forget: (self: string) => {
      alive.delete(self);
    },
  };
}

describe('a bulk task of several engines', () => {
  it('is shown by each, and run by the one that began it alone', async () => {
    const { one, two, clock, stats, audits } = await twoEngines(40);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 100 });
    expect(await two.get(id)).toMatchObject({ state: 'running', owner: 'one' });
    await clock.advance(100);
    expect((await stats())?.totals.redriven).toBe(20);
    expect(await two.list()).toEqual(await one.list());
    await clock.advance(300);
    expect(await two.get(id)).toMatchObject({ state: 'done', changed: 40, owner: null });
    expect(await audits()).toBe(1);
  });

  it('goes on in another one when its engine is found dead, at the same rate', async () => {
    const { one, two, clock, stats, freeze, audits } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 20 });
    await clock.advance(500);
    const before = (await stats())?.totals.redriven ?? 0;
    freeze('one');
    await clock.advance(1_000);
    expect(await two.get(id)).toMatchObject({ state: 'running', owner: 'two' });
    expect((await stats())?.totals.redriven).toBe(before + 20);
    await clock.advance(2_000);
    expect(await two.get(id)).toMatchObject({ state: 'done', changed: 60, matched: 60 });
    expect((await stats())?.totals.redriven).toBe(60);
    expect(await audits()).toBe(1);
  });

  it('is left alone by an engine that comes back after it was taken over', async () => {
    const { one, two, clock, stats, freeze } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 10 });
    await clock.advance(500);
    freeze('one');
    await clock.advance(1_000);
    const taken = await two.get(id);
    expect(taken.owner).toBe('two');
    const before = (await stats())?.totals.redriven ?? 0;
    await clock.advance(1_000);
    expect((await stats())?.totals.redriven).toBe(before + 10);
  });

  it('is given up by an engine that stops, and taken by another at once', async () => {
    const { one, two, clock, stats } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 1 });
    await clock.advance(1_500);
    expect((await stats())?.totals.redriven).toBe(2);
    await one.stop();
    await clock.advance(0);
    expect(await two.get(id)).toMatchObject({ state: 'running', owner: 'two' });
    await clock.advance(400);
    expect((await stats())?.totals.redriven).toBe(2);
    await clock.advance(100);
    expect((await stats())?.totals.redriven).toBe(3);
  });

  it('is paused, resumed and cancelled through any of them', async () => {
    const { one, two, clock, stats } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 10 });
    await clock.advance(500);
    expect(await two.pause(id)).toMatchObject({ state: 'paused', owner: null, wish: null });
    const paused = (await stats())?.totals.redriven ?? 0;
    await clock.advance(1_000);
    expect((await stats())?.totals.redriven).toBe(paused);
    expect(await two.resume(id)).toMatchObject({ state: 'running', owner: 'two' });
    await clock.advance(500);
    expect((await stats())?.totals.redriven).toBe(paused + 6);
    expect(await one.cancel(id)).toMatchObject({ state: 'cancelled', changed: paused + 6 });
  });

  it('is paused although its engine is dead', async () => {
    const { one, two, clock, freeze } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 1 });
    freeze('one');
    // what a frozen process cannot do
    one.pause = () => Promise.reject(new Error('frozen'));
    const paused = two.pause(id);
    await clock.advance(1_500);
    expect(await paused).toMatchObject({ state: 'paused' });
  });

  it('goes on by itself after the store was away for a moment', async () => {
    const { one, clock, store, stats } = await twoEngines(10);
    const redrive = store.redrive.bind(store);
    let fails = 2;
    store.redrive = (selection) =>
      fails-- > 0
        ? Promise.reject(new IiiError('UNAVAILABLE', 'the connection was lost'))
        : redrive(selection);
    const { id } = await one.begin(REQUEST);
    await clock.advance(0);
    expect(await one.get(id)).toMatchObject({ state: 'running', owner: 'one', changed: 0 });
    await clock.advance(2_500);
    expect(await one.get(id)).toMatchObject({ state: 'done', changed: 10, matched: 10 });
    expect((await stats())?.totals.redriven).toBe(10);
  });

  it('of an engine that nobody lists is taken over after five seconds', async () => {
    const { one, two, clock, forget } = await twoEngines(60);
    const { id } = await one.begin({ ...REQUEST, ratePerSecond: 1 });
    await clock.advance(0);
    forget('one');
    await clock.advance(5_000);
    expect(await two.get(id)).toMatchObject({ owner: 'one' });
    await clock.advance(2_000);
    expect(await two.get(id)).toMatchObject({ owner: 'two' });
  });

  it('learns what became of its first jobs when another engine ran them', async () => {
    const { one, clock, stats, runJobs } = await twoEngines(20);
    const canary = { jobs: 5, abortIfFailRate: 0 };
    const { id } = await one.begin({ ...REQUEST, canary });
    await clock.advance(0);
    expect((await stats())?.totals.redriven).toBe(5);
    expect(await runJobs(5, false)).toBe(5);
    await clock.advance(600);
    expect(await one.get(id)).toMatchObject({
      ...{ state: 'done', changed: 20 },
      canary: { succeeded: 5, passed: true },
    });
  });

  it('is told what became of them where a store does not show the jobs of others', async () => {
    const gaps = { browse_waiting: 'it is a broker' };
    const { one, two, clock, runJobs, state } = await twoEngines(20, gaps);
    const canary = { jobs: 4, abortIfFailRate: 0.5 };
    const { id } = await one.begin({ ...REQUEST, canary });
    await clock.advance(0);
    expect(await runJobs(1, false, 0)).toBe(1);
    expect(await runJobs(1, false, 1)).toBe(1);
    expect(await runJobs(1, true, 1)).toBe(1);
    await clock.advance(2_000);
    expect(await two.get(id)).toMatchObject({
      ...{ state: 'running', changed: 4 },
      canary: { succeeded: 2, failed: 1, passed: false },
    });
    expect(await runJobs(1, false, 1)).toBe(1);
    await clock.advance(600);
    expect(await two.get(id)).toMatchObject({ state: 'done', changed: 20 });
    expect((await state.list('iii::task_outcomes')).size).toBe(0);
  });

  it('keeps its first jobs in mind when it is taken over', async () => {
    const { one, two, clock, stats, runJobs, freeze } = await twoEngines(20);
    const { id } = await one.begin({ ...REQUEST, canary: { jobs: 5, abortIfFailRate: 0 } });
    await clock.advance(0);
    expect(await runJobs(1, false)).toBe(1);
    freeze('one');
    await clock.advance(1_100);
    expect(await two.get(id)).toMatchObject({ state: 'running', owner: 'two', changed: 5 });
    expect(await runJobs(1, true)).toBe(1);
    await clock.advance(600);
    expect(await two.get(id)).toMatchObject({
      ...{ state: 'stopped', changed: 5 },
      canary: { released: 5, succeeded: 1, failed: 1 },
    });
    expect((await stats())?.totals.redriven).toBe(5);
  });
});

describe('what a task of several engines ended', () => {
  it('is brought back through any of them, once', async () => {
    const { one, two, clock, stats } = await twoEngines(4);
    const { id } = await one.begin({ ...REQUEST, action: 'discard' });
    await clock.advance(0);
    expect((await two.undoable()).map((record) => record.id)).toEqual([id]);
    expect(await two.undo(id, false)).toEqual({ restored: 4, skipped: 0 });
    expect((await stats())?.dead).toBe(4);
    await expect(one.undo(id, false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is cleared away once when its time is over, also after its engine is gone', async () => {
    const { one, two, clock, archive } = await twoEngines(4);
    const removed: string[] = [];
    const remove = archive.remove.bind(archive);
    archive.remove = (bundle) => {
      removed.push(bundle);
      return remove(bundle);
    };
    const { id } = await one.begin({ ...REQUEST, action: 'discard' });
    await clock.advance(0);
    await clock.advance(60_000);
    expect(removed).toEqual([id]);
    expect(await two.undoable()).toEqual([]);
  });
});
