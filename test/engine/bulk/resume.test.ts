import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { AuditTrail } from '../../../src/engine/audit-trail.ts';
import { BulkTasks } from '../../../src/engine/bulk/bulk-tasks.ts';
import type { BulkAction, TaskRecord } from '../../../src/engine/bulk/task.ts';
import { EventStream } from '../../../src/engine/events.ts';
import { MemoryArchive } from '../../../src/stores/memory/memory-archive.ts';
import { MemoryStateStore } from '../../../src/stores/memory/memory-state-store.ts';
import { MemoryStore } from '../../../src/stores/memory/memory-store.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const ID = '3f0e6c1e';
const POLICY = policyOf('q', { maxAttempts: 1, retainCompleted: 0 });

/** A store of dead jobs, and the task that an engine left behind when it was killed. */
async function leftBehind(action: BulkAction, pending: readonly number[]) {
  const clock = new ManualClock();
  const store = new MemoryStore({ clock });
  await store.open([POLICY]);
  const ids = Array.from({ length: 6 }, (_, at) => uuidOf(at));
  await store.append(ids.map((id) => newJob(id, clock.now())));
  const die = async (limit: number): Promise<void> => {
    const error = { code: 'boom', message: 'boom' };
    const verdict = { kind: 'dead', reason: 'exhausted', error, countsAttempt: true } as const;
    const leases = await store.lease({ queue: 'q', limit, offer: offerOf(null) });
    const at = clock.now();
    await store.settle(
      leases.map(({ job, epoch }) => ({ id: job.id, epoch, verdict, record: null, at })),
    );
  };
  await die(6);
  await clock.advance(10);
  const epochOf = async (id: string) => (await store.get(id))?.epoch ?? 0;
  const everything = {
    queues: ['q'],
    states: null,
    where: null,
    cluster: null,
    since: null,
    until: null,
  };
  const record: TaskRecord = {
    id: ID,
    request: {
      ...{ action, selection: everything, exactJobs: null, to: null, ratePerSecond: null },
      ...{ limit: null, canary: null, keepsUndo: true, by: 'night-shift' },
    },
    ...{
      state: 'running',
      startedAt: clock.now(),
      endedAt: null,
      why: null,
      matched: 0,
      changed: 0,
    },
    ...{ owner: 'the engine that was killed', wish: null, nextAt: 0 },
    ...{ skipped: {}, cursor: null, canary: null, undo: action === 'discard' ? ID : null },
    pending: {
      ids: pending.map(uuidOf),
      clusters: pending.map(() => null),
      epochs: await Promise.all(ids.slice(0, pending.length).map(epochOf)),
      cursor: `d${pending.length}`,
    },
  };
  const state = new MemoryStateStore();
  await state.update('iii::tasks', ID, () => JSON.stringify(record));
  const archive = new MemoryArchive();
  const tasks = new BulkTasks({
    ...{ store, state, archive, clock, random: systemRandom, log: silentLogger },
    self: 'engine-1',
    events: new EventStream(silentLogger),
    audit: new AuditTrail(state, clock),
    undoWindowMs: 60_000,
    policyOf: () => POLICY,
    now: () => clock.now(),
  });
  await clock.advance(10);
  return { tasks, store, state, archive, clock, ids, die };
}

describe('a task that goes on after the engine was killed', () => {
  it.each([0, 1, 2, 3])(
    'redrives each job once when %i of the last batch were done',
    async (done) => {
      const { tasks, store, ids } = await leftBehind('redrive', [0, 1, 2]);
      await store.redrive({ queues: ['q'], ids: ids.slice(0, done), limit: 9 });
      await tasks.start();
      expect(await tasks.wait(ID, 60_000)).toMatchObject({ state: 'done', changed: 6, matched: 6 });
      expect((await store.stats()).get('q')).toMatchObject({
        waiting: 6,
        dead: 0,
        totals: { redriven: 6 },
      });
    },
  );

  it('does not bring back a job that it had brought back and that died again', async () => {
    const { tasks, store, ids, die } = await leftBehind('redrive', [0, 1, 2]);
    await store.redrive({ queues: ['q'], ids: ids.slice(0, 2), limit: 9 });
    await die(1);
    await tasks.start();
    expect(await tasks.wait(ID, 60_000)).toMatchObject({ state: 'done', changed: 6 });
    expect((await store.stats()).get('q')).toMatchObject({
      waiting: 5,
      dead: 1,
      totals: { redriven: 6 },
    });
    expect((await store.get(ids[0] ?? ''))?.state).toBe('dead');
  });

  it.each([0, 2, 3])(
    'discards each job once when %i were, and can undo those it has',
    async (done) => {
      const { tasks, store, archive, ids } = await leftBehind('discard', [0, 1, 2]);
      const jobs = await Promise.all(ids.slice(0, 3).map((id) => store.get(id)));
      await archive.append(
        ID,
        jobs.map((job) => JSON.stringify(job)),
      );
      await store.discard({ queues: ['q'], ids: ids.slice(0, done), limit: 9 });
      await tasks.start();
      expect(await tasks.wait(ID, 60_000)).toMatchObject({ state: 'done', changed: 6 });
      expect((await store.stats()).get('q')).toMatchObject({ dead: 0, totals: { discarded: 6 } });
      expect(await tasks.undo(ID, false)).toEqual({ restored: 6, skipped: 0 });
      expect((await store.stats()).get('q')?.dead).toBe(6);
    },
  );
});

describe('a stop of the engine', () => {
  it('waits for nothing that can be undone, even when the task ends during the stop', async () => {
    const { tasks, state, clock } = await leftBehind('discard', []);
    const update = state.update.bind(state);
    const stopping: Promise<void>[] = [];
    state.update = (scope, key, change) => {
      if (scope === 'iii::audit') stopping.push(tasks.stop());
      return update(scope, key, change);
    };
    await tasks.start();
    await tasks.wait(ID, 60_000);
    await Promise.all(stopping);
    expect(stopping).not.toEqual([]);
    expect((await tasks.get(ID)).state).toBe('done');
    expect(clock.nextTimerAt()).toBeUndefined();
  });
});
