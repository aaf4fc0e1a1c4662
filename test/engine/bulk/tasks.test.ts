import { describe, expect, it } from 'vitest';
import type { BulkPlan, ErrorCluster, TaskView } from '../../../src/admin/bulk-contract.ts';
import { die, openStage } from './stage.ts';

describe('a bulk task', () => {
  it('redrives what a selector selects, and leaves the rest', async () => {
    const stage = await openStage();
    await die(stage, 6, (n) => (n % 2 === 0 ? `order ${n} locked` : 'card declined'));
    const { id, state } = await stage.start({
      action: 'redrive',
      queue: 'payment',
      where: 'error~locked and payload.n>0',
    });
    expect(state).toBe('running');
    const ended = await stage.wait(id);
    expect(ended).toMatchObject({ state: 'done', changed: 2, matched: 2, skipped: [] });
    await stage.advance();
    expect(stage.ran).toEqual([
      { n: 2, account: 2 },
      { n: 4, account: 1 },
    ]);
    expect(await stage.dead()).toBe(4);
  });

  it('takes clusters, times and limits', async () => {
    const stage = await openStage();
    await die(stage, 4, (n) => `order ${n} locked`);
    await stage.advance(60_000);
    await die(stage, 3, () => 'card declined');
    const { clusters, jobs } = (await stage.admin('iii::dlq::errors', { queue: 'payment' })) as {
      jobs: number;
      clusters: ErrorCluster[];
    };
    expect(jobs).toBe(7);
    expect(clusters.map(({ message, jobs: count }) => [message, count])).toEqual([
      ['order <number> locked', 4],
      ['card declined', 3],
    ]);
    const [locked] = clusters;
    const plan = async (input: object) =>
      (await stage.admin('iii::bulk::plan', {
        action: 'redrive',
        queue: 'payment',
        ...input,
      })) as BulkPlan;
    expect((await plan({ cluster: locked?.cluster })).total).toBe(4);
    expect((await plan({ since: 'now-30s' })).total).toBe(3);
    expect((await plan({ until: 'now-30s' })).total).toBe(4);
    expect((await plan({ limit: 2 })).total).toBe(2);
    expect((await plan({ states: ['waiting'] })).total).toBe(0);
    expect(await plan({ where: 'error~declined' })).toMatchObject({
      total: 3,
      groups: [{ functionId: 'f', target: 'payment', message: 'card declined', jobs: 3 }],
      skipped: [],
    });
    await expect(plan({ where: 'state' })).rejects.toThrow('column 6');
    await expect(plan({ cluster: 'zz' })).rejects.toThrow('10 hexadecimal digits');
  });

  it('with a rate takes its time, and can be paused, resumed and cancelled', async () => {
    const stage = await openStage();
    await die(stage, 20, () => 'boom');
    const { id } = await stage.start({ action: 'redrive', queue: 'payment', ratePerSecond: 10 });
    await stage.advance(250);
    expect(stage.ran.length).toBe(3);
    expect(await stage.admin('iii::task::cancel', { id, dryRun: true })).toMatchObject({
      state: 'cancelled',
    });
    expect(await stage.admin('iii::task::get', { id })).toMatchObject({ state: 'running' });
    expect(await stage.admin('iii::task::pause', { id })).toMatchObject({
      state: 'paused',
      changed: 3,
    });
    await stage.advance(5_000);
    expect(stage.ran.length).toBe(3);
    expect(await stage.admin('iii::task::resume', { id })).toMatchObject({ state: 'running' });
    await stage.advance(450);
    expect(await stage.admin('iii::task::cancel', { id })).toMatchObject({
      state: 'cancelled',
      changed: 8,
    });
    await expect(stage.admin('iii::task::resume', { id })).rejects.toThrow('cancelled');
    const rehearsed = stage.admin('iii::task::pause', { id, dryRun: true });
    await expect(rehearsed).rejects.toThrow('cannot be paused: it is cancelled');
    expect(await stage.dead()).toBe(12);
    expect(stage.ran.length).toBe(8);
  });

  it('does not bring back what dies again while it runs', async () => {
    const stage = await openStage();
    await die(stage, 8, () => 'boom');
    stage.fails = 'still broken';
    const { id } = await stage.start({ action: 'redrive', queue: 'payment', ratePerSecond: 10 });
    await stage.advance(2_000);
    expect(await stage.wait(id)).toMatchObject({ state: 'done', changed: 8 });
    expect(stage.ran.length).toBe(8);
    expect(await stage.dead()).toBe(8);
  });

  it('with a canary stops when the first jobs die of the same again', async () => {
    const stage = await openStage();
    const ids = await die(stage, 10, (n) => `order ${n} locked`);
    stage.fails = 'order 77 locked';
    const { id } = await stage.start({
      action: 'redrive',
      queue: 'payment',
      canary: { jobs: 4, abortIfFailRate: 0.5 },
    });
    await stage.advance();
    const ended = await stage.wait(id);
    expect(ended.state).toBe('stopped');
    expect(ended.why).toMatch(/^[34] of the first 4 jobs died again of the same error/);
    expect(ended.changed).toBe(4);
    await stage.advance(60_000);
    expect(await stage.dead()).toBe(10);
    for (const one of ids) expect((await stage.engine.store.get(one))?.state).toBe('dead');
  });

  it('with a canary goes on when the first jobs succeed', async () => {
    const stage = await openStage();
    await die(stage, 10, (n) => `order ${n} locked`);
    const { id } = await stage.start({
      action: 'redrive',
      queue: 'payment',
      canary: { jobs: 4, abortIfFailRate: 0 },
    });
    await stage.advance();
    expect(await stage.wait(id)).toMatchObject({
      state: 'done',
      changed: 10,
      canary: { released: 4, succeeded: 4, failed: 0, waiting: 0, passed: true },
    });
    await stage.advance();
    expect(stage.ran.length).toBe(10);
  });

  it('waits for its canaries as long as it takes, and says so', async () => {
    const stage = await openStage();
    await die(stage, 5, () => 'boom');
    await stage.admin('iii::queue::pause', { queue: 'payment' });
    const canary = { jobs: 2, abortIfFailRate: 0 };
    const { id } = await stage.start({ action: 'redrive', queue: 'payment', canary });
    await stage.advance(3_600_000);
    expect(await stage.admin('iii::task::get', { id })).toMatchObject({
      state: 'running',
      changed: 2,
      canary: { waiting: 2 },
    });
    await stage.admin('iii::queue::resume', { queue: 'payment' });
    await stage.advance();
    expect(await stage.wait(id)).toMatchObject({ state: 'done', changed: 5 });
  });

  it('redrives to another queue, and says which jobs that does not take', async () => {
    const stage = await openStage();
    await die(stage, 2, () => 'boom');
    stage.fails = 'boom';
    await stage.enqueue('f', { n: 9 }, { queue: 'payment' });
    await stage.advance();
    stage.fails = null;
    const input = { action: 'redrive', queue: 'payment', to: 'ledger' };
    const skipped = [{ why: 'its payload has no account, by which ledger orders', jobs: 1 }];
    expect(await stage.admin('iii::bulk::plan', input)).toMatchObject({ total: 2, skipped });
    const { id } = await stage.start(input);
    expect(await stage.wait(id)).toMatchObject({ changed: 2, matched: 3, skipped });
    await stage.advance();
    expect(await stage.dead()).toBe(1);
    expect((await stage.engine.store.stats()).get('ledger')?.totals.completed).toBe(2);
  });

  it('refuses what changed since the plan was made', async () => {
    const stage = await openStage();
    const ids = await die(stage, 4, () => 'boom');
    const input = { action: 'redrive', queue: 'payment' };
    const plan = (await stage.admin('iii::bulk::plan', { ...input, withJobs: true })) as BulkPlan;
    expect(plan.jobs?.map(({ id }) => id)).toEqual(ids);
    stage.fails = 'boom again';
    await stage.admin('iii::dlq::redrive', { queue: 'payment', ids: [ids[1]] });
    await stage.admin('iii::dlq::discard', { queue: 'payment', ids: [ids[2]] });
    await stage.advance(10);
    stage.fails = null;
    const { id } = await stage.start({ ...input, jobs: plan.jobs });
    const ended = await stage.wait(id);
    expect(ended).toMatchObject({
      state: 'done',
      changed: 2,
      skipped: [
        { why: 'it changed since the plan was made', jobs: 1 },
        { why: 'it is discarded', jobs: 1 },
      ],
    });
    expect((await stage.engine.store.get(ids[1] ?? ''))?.state).toBe('dead');
  });

  it('discards and cancels so that it can be undone for a while', async () => {
    const stage = await openStage();
    const ids = await die(stage, 3, () => 'boom');
    await stage.admin('iii::queue::pause', { queue: 'other' });
    const waiting = await stage.enqueue('g', { n: 1 }, { queue: 'other' });
    const before = await Promise.all([...ids, waiting].map((id) => stage.engine.store.get(id)));

    const discarded = await stage.start({
      action: 'discard',
      queue: 'payment',
      where: 'payload.n<2',
    });
    const cancelled = await stage.start({ action: 'cancel', queue: 'other', all: true });
    expect(await stage.wait(discarded.id)).toMatchObject({ changed: 2 });
    expect(await stage.wait(cancelled.id)).toMatchObject({ changed: 1 });
    expect(await stage.dead()).toBe(1);
    const { tasks } = (await stage.admin('iii::undo::list')) as { tasks: TaskView[] };
    expect(tasks.map(({ changed }) => changed).sort()).toEqual([1, 2]);

    const { id } = discarded;
    expect(await stage.admin('iii::undo::apply', { id, dryRun: true })).toEqual({
      id,
      restored: 2,
      skipped: 0,
    });
    expect(await stage.admin('iii::undo::apply', { id })).toEqual({ id, restored: 2, skipped: 0 });
    await expect(stage.admin('iii::undo::apply', { id })).rejects.toThrow('cannot be undone');
    await stage.admin('iii::undo::apply', { id: cancelled.id });
    for (const job of before) {
      const { epoch, ...now } = (await stage.engine.store.get(job?.id ?? '')) ?? { epoch: 0 };
      expect(now).toEqual({ ...job, epoch: undefined, ...now });
      expect(epoch).toBeGreaterThanOrEqual(job?.epoch ?? 0);
    }

    const late = await stage.start({ action: 'discard', queue: 'payment', all: true });
    await stage.wait(late.id);
    await stage.advance(900_001);
    expect(await stage.admin('iii::undo::list')).toEqual({ tasks: [] });
  });

  it('moves jobs with their place, and retries what waits for its next attempt', async () => {
    const stage = await openStage();
    await stage.admin('iii::queue::pause', { queue: 'payment' });
    for (const n of [1, 2]) await stage.enqueue('f', { n }, { queue: 'payment' });
    await stage.enqueue('f', { n: 3 }, { queue: 'payment', delay_ms: 3_600_000 });
    const { id } = await stage.start({
      action: 'move',
      queue: 'payment',
      to: 'other',
      where: 'payload.n=1',
    });
    expect(await stage.wait(id)).toMatchObject({ changed: 1 });
    await stage.advance();
    expect(stage.ran).toEqual([{ n: 1 }]);
    const retried = await stage.start({ action: 'retry', queue: 'payment' });
    expect(await stage.wait(retried.id)).toMatchObject({ changed: 1 });
    await stage.admin('iii::queue::resume', { queue: 'payment' });
    await stage.advance();
    expect(stage.ran).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('needs to know which jobs it may end', async () => {
    const stage = await openStage();
    await expect(stage.start({ action: 'discard', queue: 'payment' })).rejects.toThrow('all: true');
    await expect(stage.start({ action: 'explode' })).rejects.toThrow('action must be one of');
    await expect(stage.start({ action: 'redrive', queue: 'nope' })).rejects.toThrow(
      'does not exist',
    );
    await expect(stage.start({ action: 'move', queue: 'other' })).rejects.toThrow('move needs to');
    const both = { action: 'discard', jobs: [{ id: 'x' }], where: 'age>1h' };
    await expect(stage.start(both)).rejects.toThrow('jobs and a selector contradict');
    await expect(stage.wait('nope')).rejects.toThrow("no task 'nope'");
  });

  it('is in the audit trail, with who began it and what it did', async () => {
    const stage = await openStage();
    await die(stage, 2, () => 'boom');
    const { id } = await stage.start({ action: 'discard', queue: 'payment', all: true });
    await stage.wait(id);
    const { entries } = (await stage.admin('iii::audit::list')) as { entries: object[] };
    expect(entries).toMatchObject([
      {
        by: 'this process',
        action: 'task discard',
        facts: { task: id, state: 'done', changed: 2 },
      },
      { by: 'this process', action: 'iii::task::start', facts: { id, action: 'discard' } },
    ]);
  });

  it('is in the audit trail once for each change, and not for one that changed nothing', async () => {
    const stage = await openStage();
    await die(stage, 20, () => 'boom');
    const { id } = await stage.start({ action: 'redrive', queue: 'payment', ratePerSecond: 10 });
    for (const change of ['resume', 'pause', 'pause', 'resume', 'resume', 'cancel', 'cancel']) {
      await stage.admin(`iii::task::${change}`, { id });
    }
    const { entries } = (await stage.admin('iii::audit::list')) as {
      entries: { action: string }[];
    };
    expect(entries.map(({ action }) => action).toReversed()).toEqual([
      'iii::task::start',
      'iii::task::pause',
      'iii::task::resume',
      'task redrive',
      'iii::task::cancel',
    ]);
  });
});
