import { describe, expect, it } from 'vitest';
import { die, openStage } from './stage.ts';

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
