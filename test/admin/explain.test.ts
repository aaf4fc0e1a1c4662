import { describe, expect, it } from 'vitest';
import type { JobExplanation } from '../../src/admin/contract.ts';
import type { GroupList } from '../../src/admin/group-contract.ts';
import { type EngineFixture, policy, startEngine } from '../support/engine-fixture.ts';

const FIFO = policy('orders', { type: 'fifo', groupField: 'customer', concurrency: 10 });

async function explain({ admin }: EngineFixture, id: string): Promise<JobExplanation> {
  return (await admin('iii::job::explain', { id })) as JobExplanation;
}

async function groupsOf({ admin }: EngineFixture, input = {}): Promise<GroupList> {
  return (await admin('iii::group::list', { queue: 'orders', ...input })) as GroupList;
}

describe('iii::job::explain', () => {
  it('names the function that no worker offers', async () => {
    const engine = await startEngine();
    const id = await engine.enqueue('orders::pay', {});
    await engine.advance();
    const { kind, reasons } = await explain(engine, id);
    expect(kind).toBe('no_worker');
    expect(reasons[0]?.text).toContain('orders::pay');
  });

  it('says first that the queue is paused, and then what else is missing', async () => {
    const engine = await startEngine();
    await engine.admin('iii::queue::pause', { queue: 'default' });
    const id = await engine.enqueue('f', {});
    const { reasons } = await explain(engine, id);
    expect(reasons.map(({ kind }) => kind)).toEqual(['paused', 'no_worker']);
    expect(reasons[0]?.change).toBe('iii queue resume default');
  });

  it('says until when a queue is paused that then goes on by itself', async () => {
    const engine = await startEngine();
    const paused = await engine.admin('iii::queue::pause', { queue: 'default', until: 'now+2h' });
    const { until } = paused as { until: string };
    const id = await engine.enqueue('f', {});
    const { reasons } = await explain(engine, id);
    expect(reasons[0]).toEqual({
      kind: 'paused',
      text: `queue 'default' is paused until ${until}, and then goes on by itself`,
      change: 'wait, or let it go on now: iii queue resume default',
      until,
    });
  });

  it('writes a name that is more than a word as a shell wants it', async () => {
    const name = "it's due";
    const engine = await startEngine([policy(name)]);
    await engine.admin('iii::queue::pause', { queue: name });
    const id = await engine.enqueue('f', {}, { queue: name });
    const { reasons } = await explain(engine, id);
    expect(reasons[0]?.change).toBe(`iii queue resume 'it'\\''s due'`);
  });

  it('counts one attempt and one place as one', async () => {
    const engine = await startEngine([policy('default', { concurrency: 1, maxAttempts: 1 })]);
    const worker = engine.worker();
    worker.offer('f');
    const first = await engine.enqueue('f', {});
    const second = await engine.enqueue('f', {});
    await engine.advance();
    expect((await explain(engine, second)).reasons[0]?.text).toBe(
      "1 of at most 1 job of queue 'default' is in flight at this engine",
    );
    const error = { code: 'boom', message: 'no' };
    worker.answer(worker.deliveries()[0] ?? {}, { error });
    await engine.advance();
    expect((await explain(engine, first)).reasons[0]?.text).toContain('it failed 1 time,');
  });

  it('names the job of the group that is in front', async () => {
    const engine = await startEngine([FIFO]);
    const worker = engine.worker();
    worker.offer('f');
    const first = await engine.enqueue('f', { customer: 1 }, { queue: 'orders' });
    const second = await engine.enqueue('f', { customer: 1 }, { queue: 'orders' });
    await engine.advance();
    expect(await explain(engine, second)).toMatchObject({
      kind: 'behind',
      reasons: [{ jobId: first, change: `iii job explain ${first}` }],
    });
    expect(await explain(engine, first)).toMatchObject({
      kind: 'in_flight',
      reasons: [{ worker: expect.stringContaining('(') as string }],
    });
  });

  it('tells a reached concurrency from busy workers', async () => {
    const engine = await startEngine([policy('q', { concurrency: 1 })]);
    engine.worker().offer('f');
    await engine.enqueue('f', {}, { queue: 'q' });
    const second = await engine.enqueue('f', {}, { queue: 'q' });
    await engine.advance();
    expect(await explain(engine, second)).toMatchObject({
      kind: 'concurrency',
      reasons: [{ change: expect.stringContaining("raise the queue's concurrency") as string }],
    });
  });

  it('names the limit of groups when that is what is reached', async () => {
    const engine = await startEngine([FIFO]);
    engine.worker().offer('f');
    await engine.enqueue('f', { customer: 'a' }, { queue: 'orders' });
    const second = await engine.enqueue('f', { customer: 'b' }, { queue: 'orders' });
    await engine.advance();
    expect(await explain(engine, second)).toMatchObject({
      kind: 'concurrency',
      reasons: [
        { change: expect.stringContaining("raise the queue's group_concurrency") as string },
      ],
    });
  });

  it('says until when the rate limit holds', async () => {
    const engine = await startEngine([policy('q', { rateLimit: { max: 1, perMs: 60_000 } })]);
    const worker = engine.worker();
    worker.onDelivery = () => ({});
    worker.offer('f');
    await engine.enqueue('f', {}, { queue: 'q' });
    await engine.advance();
    const startedAt = engine.clock.now();
    const second = await engine.enqueue('f', {}, { queue: 'q' });
    await engine.advance();
    expect(await explain(engine, second)).toMatchObject({
      kind: 'rate_limited',
      reasons: [{ until: new Date(startedAt + 60_000).toISOString() }],
    });
  });

  it('of a job between two attempts tells the error and when the next is due', async () => {
    const engine = await startEngine([policy('q', { backoffMs: 5_000 })]);
    const worker = engine.worker();
    worker.onDelivery = () => ({ error: { code: 'boom', message: 'the bank is closed' } });
    worker.offer('f');
    const id = await engine.enqueue('f', {}, { queue: 'q' });
    await engine.advance();
    const { kind, reasons } = await explain(engine, id);
    expect(kind).toBe('delayed');
    expect(reasons[0]?.text).toContain('boom: the bank is closed');
    expect(reasons[0]?.until).toBe(new Date(engine.clock.now() + 5_000).toISOString());
  });

  it('of a dead job tells why it died and how it comes back', async () => {
    const engine = await startEngine([policy('q', { maxAttempts: 1 })]);
    const worker = engine.worker();
    worker.onDelivery = () => ({ error: { code: 'boom', message: 'no' } });
    worker.offer('f');
    const id = await engine.enqueue('f', {}, { queue: 'q' });
    await engine.advance();
    expect(await explain(engine, id)).toMatchObject({
      kind: 'dead',
      job: { state: 'dead' },
      reasons: [{ change: `mend the cause, then iii dlq redrive q --id ${id}` }],
    });
  });

  it('of a completed job says so, and of one that never was refuses', async () => {
    const engine = await startEngine();
    const worker = engine.worker();
    worker.onDelivery = () => ({});
    worker.offer('f');
    const id = await engine.enqueue('f', {});
    await engine.advance();
    expect((await explain(engine, id)).kind).toBe('completed');
    await expect(explain(engine, '00000000-0000-4000-8000-000000000000')).rejects.toThrow(
      'does not exist',
    );
  });
});

describe('iii::group::list', () => {
  it('shows each group with its head and how many jobs it has, oldest head first', async () => {
    const engine = await startEngine([FIFO]);
    for (const customer of ['a', 'b', 'a', 'a']) {
      await engine.enqueue('f', { customer }, { queue: 'orders' });
    }
    const { groups, total } = await groupsOf(engine);
    expect(total).toBe(2);
    expect(groups.map(({ group, jobs, blockedBy }) => [group, jobs, blockedBy])).toEqual([
      ['"a"', 3, 'no_worker'],
      ['"b"', 1, 'no_worker'],
    ]);
  });

  it('with blocked leaves out the groups that are running', async () => {
    const engine = await startEngine([{ ...FIFO, backoffMs: 60_000, groupConcurrency: 10 }]);
    const worker = engine.worker();
    worker.onDelivery = ({ data }) =>
      (data as { customer: string }).customer === 'bad'
        ? { error: { code: 'boom', message: 'no' } }
        : undefined;
    worker.offer('f');
    for (const customer of ['good', 'bad', 'bad']) {
      await engine.enqueue('f', { customer }, { queue: 'orders' });
    }
    await engine.advance();
    const { groups, total } = await groupsOf(engine, { blocked: true });
    expect(total).toBe(1);
    expect(groups).toMatchObject([
      { group: '"bad"', jobs: 2, blockedBy: 'backoff', head: { state: 'delayed', attempts: 1 } },
    ]);
  });

  it('counts the groups beyond its limit', async () => {
    const engine = await startEngine([FIFO]);
    for (let customer = 0; customer < 7; customer++) {
      await engine.enqueue('f', { customer }, { queue: 'orders' });
    }
    const { groups, total } = await groupsOf(engine, { limit: 3 });
    expect([groups.length, total]).toEqual([3, 7]);
  });

  it('refuses a queue without groups', async () => {
    const { admin } = await startEngine();
    await expect(admin('iii::group::list', { queue: 'default' })).rejects.toThrow(
      "queue 'default' is standard and has no groups",
    );
  });
});
