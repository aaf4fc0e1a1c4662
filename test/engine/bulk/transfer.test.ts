import { describe, expect, it } from 'vitest';
import type { JobDetail } from '../../../src/admin/contract.ts';
import { die, openStage, type Stage } from './stage.ts';

describe('an export', () => {
  it('can be imported somewhere else, and twice without doing anything twice', async () => {
    const from = await openStage();
    const ids = await die(from, 5, (n) => `order ${n} locked`);
    const first = (await from.admin('iii::dlq::export', { queue: 'payment', limit: 2 })) as {
      jobs: object[];
      nextCursor: string;
    };
    const rest = (await from.admin('iii::dlq::export', {
      queue: 'payment',
      cursor: first.nextCursor,
    })) as { jobs: object[]; nextCursor: null };
    expect(rest.nextCursor).toBeNull();
    const jobs = [...first.jobs, ...rest.jobs];
    const outcomes = async (stage: Stage, input: object) =>
      ((await stage.admin('iii::dlq::import', input)) as { jobs: { outcome: string }[] }).jobs.map(
        ({ outcome }) => outcome,
      );
    const to = await openStage();
    expect(await outcomes(to, { jobs, dryRun: true })).toEqual(Array(5).fill('added'));
    expect(await to.dead()).toBe(0);
    expect(await outcomes(to, { jobs })).toEqual(Array(5).fill('added'));
    expect(await outcomes(to, { jobs })).toEqual(Array(5).fill('unchanged'));
    expect(await outcomes(from, { jobs })).toEqual(Array(5).fill('unchanged'));
    for (const id of ids) {
      const [there, here] = await Promise.all(
        [to, from].map(async (stage) => (await stage.admin('iii::job::get', { id })) as JobDetail),
      );
      expect(there).toEqual(here);
    }
    const edited = jobs.map((job, at) => (at === 1 ? { ...job, payloadText: '{"n":100}' } : job));
    expect(await outcomes(from, { jobs: edited })).toEqual([
      'unchanged',
      'replaced',
      ...Array<string>(3).fill('unchanged'),
    ]);
    expect(await from.admin('iii::audit::list', {})).toMatchObject({
      entries: [
        { action: 'iii::dlq::import', facts: { replaced: 1, unchanged: 4, added: 0, refused: 0 } },
      ],
    });
    await from.admin('iii::dlq::redrive', { queue: 'payment' });
    await from.advance();
    expect(from.ran.map((data) => (data as { n: number }).n)).toEqual([0, 100, 2, 3, 4]);
    expect(await outcomes(from, { jobs })).toEqual(Array(5).fill('refused'));
  });

  it('refuses what is no job', async () => {
    const stage = await openStage();
    const answer = (await stage.admin('iii::dlq::import', {
      jobs: [null, { id: 'x' }, { id: '3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11', queue: 'nope' }],
    })) as { jobs: { outcome: string; why: string }[] };
    expect(answer.jobs.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused']);
    expect(answer.jobs[0]?.why).toBe('id is missing');
  });
});

describe('a job', () => {
  it('can be edited while it waits or is dead', async () => {
    const stage = await openStage();
    const [id = ''] = await die(stage, 1, () => 'boom');
    const edit = (payloadText: string, more: object = {}) =>
      stage.admin('iii::job::edit', { id, payloadText, ...more });
    expect(await edit('{"n":0,"account":0}')).toMatchObject({ changed: false });
    expect(await edit('{"n":5}', { dryRun: true })).toMatchObject({
      changed: true,
      changes: ['payload'],
    });
    expect(await edit('{"n":5}')).toMatchObject({ changed: true });
    await expect(edit('{"n":')).rejects.toThrow('not JSON');
    await stage.admin('iii::dlq::redrive', { queue: 'payment' });
    await stage.advance();
    expect(stage.ran).toEqual([{ n: 5 }]);
    await expect(edit('{"n":6}')).rejects.toThrow('it is completed');
  });
});
