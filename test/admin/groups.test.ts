import { describe, expect, it } from 'vitest';
import type { GroupDetail, GroupList } from '../../src/admin/group-contract.ts';
import type { JobDetail } from '../../src/admin/contract.ts';
import { type EngineFixture, policy, startEngine } from '../support/engine-fixture.ts';

const FIFO = policy('orders', {
  type: 'fifo',
  groupField: 'customer',
  concurrency: 10,
  groupConcurrency: 10,
  backoffMs: 60_000,
});

const ACME = { queue: 'orders', group: 'acme' };

async function show({ admin }: EngineFixture, input: object = ACME): Promise<GroupDetail> {
  return (await admin('iii::group::get', input)) as GroupDetail;
}

async function jobOf({ admin }: EngineFixture, id: string): Promise<JobDetail> {
  return (await admin('iii::job::get', { id })) as JobDetail;
}

/** Three jobs of one customer and one of another, the first of which failed once. */
async function stuckGroup(): Promise<{ engine: EngineFixture; ids: string[]; ran: string[] }> {
  const engine = await startEngine([FIFO]);
  const worker = engine.worker();
  const ran: string[] = [];
  worker.onDelivery = ({ data }) => {
    const { n } = data as { n: string };
    ran.push(n);
    return n === 'a' ? { error: { code: 'card_declined', message: 'no money' } } : {};
  };
  const ids: string[] = [];
  for (const n of ['a', 'b', 'c']) {
    ids.push(await engine.enqueue('pay', { customer: 'acme', n }, { queue: 'orders' }));
  }
  await engine.enqueue('pay', { customer: 12, n: 'other' }, { queue: 'orders' });
  worker.offer('pay');
  await engine.advance();
  return { engine, ids, ran };
}

describe('iii::group::get', () => {
  it('tells the head, why it waits, what it failed of, and what is behind it', async () => {
    const { engine, ids } = await stuckGroup();
    expect(await show(engine)).toMatchObject({
      group: '"acme"',
      jobs: 3,
      head: { id: ids[0], state: 'delayed', attempts: 1 },
      blockedBy: 'backoff',
      failure: { error: { code: 'card_declined', message: 'no money' } },
      reasons: [{ kind: 'delayed', change: expect.stringContaining('iii job retry') as string }],
      parked: null,
      behind: [{ id: ids[1] }, { id: ids[2] }],
    });
  });

  it('finds a group by its JSON too, and counts what it does not show', async () => {
    const { engine, ids } = await stuckGroup();
    const detail = await show(engine, { queue: 'orders', group: '"acme"', limit: 1 });
    expect(detail).toMatchObject({ jobs: 3, behind: [{ id: ids[1] }] });
  });

  it('takes 12 for the number, and for the text where there is no such number', async () => {
    const engine = await startEngine([FIFO]);
    const text = await engine.enqueue('pay', { customer: '12' }, { queue: 'orders' });
    expect((await show(engine, { queue: 'orders', group: '12' })).head.id).toBe(text);
    const number = await engine.enqueue('pay', { customer: 12 }, { queue: 'orders' });
    expect((await show(engine, { queue: 'orders', group: '12' })).head.id).toBe(number);
  });

  it('refuses a group without jobs that can run, and a queue without groups', async () => {
    const { engine } = await stuckGroup();
    const input = { queue: 'orders', group: '12' };
    await expect(show(engine, input)).rejects.toMatchObject({ details: { code: 'NOT_FOUND' } });
    const standard = await startEngine();
    await expect(show(standard, { queue: 'default', group: 'x' })).rejects.toMatchObject({
      details: { code: 'INVALID_ARGUMENTS' },
    });
  });
});

describe('iii::group::skip', () => {
  it('makes the head a dead job that says why, and lets the group go on', async () => {
    const { engine, ids, ran } = await stuckGroup();
    const skipped = await engine.admin('iii::group::skip', { ...ACME, reason: 'card expired' });
    expect(skipped).toMatchObject({ id: ids[0], nextId: ids[1] });
    await engine.advance();
    expect(ran).toEqual(['a', 'other', 'b', 'c']);
    const { state, reason, history } = await jobOf(engine, ids[0] ?? '');
    expect({ state, reason, attempts: history.length }).toEqual({
      ...{ state: 'dead', reason: 'skipped', attempts: 1 },
    });
    expect(await engine.admin('iii::dlq::list', { queue: 'orders' })).toMatchObject({
      jobs: [
        {
          error: {
            code: 'skipped',
            message: expect.stringMatching(/card expired.*no money/) as string,
          },
        },
      ],
    });
    expect(engine.events).toContainEqual(
      expect.objectContaining({ kind: 'job_dead', id: ids[0], reason: 'skipped' }),
    );
  });

  it('is undone by a redrive, which puts the job before those behind it', async () => {
    const { engine, ids } = await stuckGroup();
    await engine.admin('iii::queue::pause', { queue: 'orders' });
    await engine.admin('iii::group::skip', ACME);
    expect((await show(engine)).head.id).toBe(ids[1]);
    await engine.admin('iii::dlq::redrive', { queue: 'orders', ids: [ids[0]] });
    expect((await show(engine)).head.id).toBe(ids[0]);
  });

  it('only rehearses with dryRun, and leaves a trace in the audit trail without', async () => {
    const { engine, ids } = await stuckGroup();
    await engine.admin('iii::group::skip', { ...ACME, dryRun: true });
    expect((await show(engine)).head.id).toBe(ids[0]);
    await engine.admin('iii::group::skip', ACME);
    const { entries } = (await engine.admin('iii::audit::list')) as { entries: unknown[] };
    expect(entries).toMatchObject([{ action: 'iii::group::skip', facts: { id: ids[0] } }]);
  });

  it('tells the audit trail the reason that was given', async () => {
    const { engine, ids } = await stuckGroup();
    await engine.admin('iii::group::skip', { ...ACME, reason: 'card expired' });
    const { entries } = (await engine.admin('iii::audit::list')) as { entries: unknown[] };
    expect(entries).toMatchObject([
      { action: 'iii::group::skip', facts: { id: ids[0], reason: 'card expired' } },
    ]);
  });

  it('refuses another head than the one that was shown', async () => {
    const { engine, ids } = await stuckGroup();
    await engine.admin('iii::group::skip', { ...ACME, headId: ids[0] });
    await engine.admin('iii::queue::pause', { queue: 'orders' });
    const again = engine.admin('iii::group::skip', { ...ACME, group: '12', headId: ids[0] });
    await expect(again).rejects.toThrow();
  });

  it.each(['iii::group::skip', 'iii::group::park'])(
    '%s leaves a head alone that is in flight, and says where it runs',
    async (id) => {
      const engine = await startEngine([FIFO]);
      engine.worker().offer('pay');
      await engine.enqueue('pay', { customer: 'acme' }, { queue: 'orders' });
      await engine.advance();
      const refused = engine.admin(id, ACME);
      await expect(refused).rejects.toMatchObject({ details: { code: 'CONFLICT' } });
      await expect(engine.admin(id, ACME)).rejects.toThrow(/in flight/);
    },
  );
});

describe('iii::group::park', () => {
  it('lets the group wait and the others go on, until it is resumed', async () => {
    const { engine, ids, ran } = await stuckGroup();
    expect(await engine.admin('iii::group::park', ACME)).toMatchObject({ until: null });
    await engine.advance(365 * 86_400_000);
    expect(ran).toEqual(['a', 'other']);
    expect(await show(engine)).toMatchObject({
      head: { id: ids[0], dueAt: null },
      blockedBy: 'parked',
      parked: { by: 'this process', until: null },
      reasons: [{ kind: 'parked', change: 'iii group resume orders acme' }],
    });
    const blocked = { queue: 'orders', blocked: true };
    const { groups } = (await engine.admin('iii::group::list', blocked)) as GroupList;
    expect(groups).toMatchObject([{ group: '"acme"', blockedBy: 'parked' }]);

    expect(await engine.admin('iii::group::resume', ACME)).toMatchObject({ changed: true });
    await engine.advance();
    expect(ran).toEqual(['a', 'other', 'a']);
    expect((await show(engine)).parked).toBeNull();
  });

  it('goes on by itself at the time that was given', async () => {
    const { engine, ran } = await stuckGroup();
    await engine.admin('iii::group::park', { ...ACME, until: 'now+2h' });
    await engine.advance(2 * 3_600_000 - 1);
    expect(ran).toEqual(['a', 'other']);
    await engine.advance(1);
    expect(ran).toEqual(['a', 'other', 'a']);
  });

  it('gives the head the due time back that it had', async () => {
    const { engine, ids } = await stuckGroup();
    const { dueAt } = await jobOf(engine, ids[0] ?? '');
    await engine.admin('iii::group::park', ACME);
    await engine.admin('iii::group::park', { ...ACME, until: 'now+1h' });
    await engine.admin('iii::group::resume', ACME);
    expect(await jobOf(engine, ids[0] ?? '')).toMatchObject({ state: 'delayed', dueAt });
  });

  it('holds back a head that waits for a worker', async () => {
    const engine = await startEngine([FIFO]);
    const id = await engine.enqueue('pay', { customer: 'acme' }, { queue: 'orders' });
    await engine.admin('iii::group::park', ACME);
    const worker = engine.worker();
    worker.offer('pay');
    await engine.advance(1_000);
    expect(worker.deliveries()).toEqual([]);
    await engine.admin('iii::group::resume', ACME);
    await engine.advance();
    expect((await jobOf(engine, id)).state).toBe('in_flight');
    expect(await engine.admin('iii::group::resume', ACME)).toMatchObject({ changed: false });
  });
});
