import { describe, expect, it } from 'vitest';
import { die, openStage, type Stage } from './stage.ts';

interface Answer {
  readonly discarded: number;
  readonly notFound?: readonly string[];
}

describe('a change that its caller waits for', () => {
  it('answers which jobs it ended itself when two discard the same ones', async () => {
    const stage = await openStage();
    const ids = await die(stage, 3, () => 'boom');
    const discard = (): Promise<unknown> =>
      stage.admin('iii::dlq::discard', { queue: 'payment', ids });
    const answers = (await Promise.all([discard(), discard()])) as Answer[];
    expect(answers.map(({ discarded }) => discarded).sort()).toEqual([0, 3]);
    for (const { discarded, notFound = [] } of answers) {
      expect(discarded + notFound.length).toBe(3);
    }
  });

  it('says of each job that it did not cancel itself why', async () => {
    const stage = await openStage();
    await stage.admin('iii::queue::pause', { queue: 'payment' });
    const id = await stage.enqueue('f', {}, { queue: 'payment' });
    const cancel = (): Promise<unknown> => stage.admin('iii::job::cancel', { ids: [id] });
    const answers = await Promise.all([cancel(), cancel()]);
    expect(answers).toContainEqual({ cancelled: 1, skipped: [] });
    expect(answers).toContainEqual({
      cancelled: 0,
      skipped: [{ id, why: 'it changed meanwhile' }],
    });
  });

  it('is an error when the store refuses, and names the task that goes on with it', async () => {
    const stage = await openStage();
    const ids = await die(stage, 2, () => 'boom');
    stage.engine.store.discard = () => Promise.reject(new Error('the disk is full'));
    const discarding = stage.admin('iii::dlq::discard', { queue: 'payment', ids });
    await expect(discarding).rejects.toMatchObject({
      message: expect.stringMatching(/^task '\w+' \(discard\) is paused after 0 jobs$/) as string,
      details: { code: 'UNAVAILABLE' },
    });
    expect(await stage.dead()).toBe(2);
  });

  it('is an error when the engine stops before it is done', async () => {
    const stage = await openStage();
    const ids = await die(stage, 2, () => 'boom');
    const { store } = stage.engine;
    const discard = store.discard.bind(store);
    const stopping: Promise<void>[] = [];
    store.discard = (selection) => {
      stopping.push(stage.engine.tasks.stop());
      return discard({ ...selection, ids: ids.slice(1) });
    };
    const discarding = stage.admin('iii::dlq::discard', { queue: 'payment', ids });
    await expect(discarding).rejects.toMatchObject({ details: { code: 'UNAVAILABLE' } });
    expect(stopping).toHaveLength(1);
    await Promise.all(stopping);
  });
});

describe('a redrive that its caller waits for', () => {
  const MANY = 1_001;

  async function manyDead(): Promise<Stage> {
    const stage = await openStage();
    await stage.admin('iii::queue::pause', { queue: 'payment' });
    for (let n = 0; n < MANY; n++) await stage.enqueue('f', { n }, { queue: 'payment' });
    stage.fails = 'boom';
    await stage.admin('iii::queue::resume', { queue: 'payment' });
    for (let turn = 0; turn < MANY && (await stage.dead()) < MANY; turn++) await stage.advance();
    stage.fails = null;
    await stage.admin('iii::queue::pause', { queue: 'payment' });
    await stage.advance(10);
    return stage;
  }

  it('is one atomic step when it fits into one, and no task', async () => {
    const stage = await openStage();
    await die(stage, 3, () => 'boom');
    expect(await stage.admin('iii::dlq::redrive', { queue: 'payment' })).toEqual({
      queue: 'payment',
      redriven: 3,
    });
    expect(await stage.engine.tasks.list()).toEqual([]);
  });

  it('is a task when it is more, which is in the audit trail, and answers the same', async () => {
    const stage = await manyDead();
    expect(await stage.admin('iii::dlq::redrive', { queue: 'payment' })).toEqual({
      queue: 'payment',
      redriven: MANY,
    });
    expect(await stage.engine.tasks.list()).toMatchObject([
      { request: { action: 'redrive' }, state: 'done', changed: MANY },
    ]);
    const { entries } = (await stage.admin('iii::audit::list')) as { entries: unknown[] };
    expect(entries).toContainEqual(
      expect.objectContaining({ action: 'task redrive', by: 'this process' }),
    );
  });

  it('goes on after the engine was stopped in the middle of it', async () => {
    const stage = await manyDead();
    const { store, tasks } = stage.engine;
    const redrive = store.redrive.bind(store);
    const stopping: Promise<void>[] = [];
    store.redrive = (selection) => {
      stopping.push(tasks.stop());
      return redrive(selection);
    };
    const redriving = stage.admin('iii::dlq::redrive', { queue: 'payment' });
    await expect(redriving).rejects.toMatchObject({ details: { code: 'UNAVAILABLE' } });
    await Promise.all(stopping);
    expect(await stage.dead()).toBeGreaterThan(0);
    store.redrive = redrive;
    await tasks.start();
    const [{ id } = { id: '' }] = await tasks.list();
    expect(await stage.wait(id)).toMatchObject({ state: 'done', changed: MANY });
    expect(await stage.dead()).toBe(0);
  });
});
