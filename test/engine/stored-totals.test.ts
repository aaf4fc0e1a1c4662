import { expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { StoredTotals } from '../../src/engine/stored-totals.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';

const clock = new ManualClock();

async function totalsOn(state: MemoryStateStore): Promise<StoredTotals> {
  const totals = new StoredTotals({ state, scope: 'counts', clock, log: silentLogger });
  await totals.start();
  return totals;
}

it('totals go on over a restart, and are one for engines on the same state', async () => {
  const state = new MemoryStateStore();
  const [one, two] = [await totalsOn(state), await totalsOn(state)];
  for (let count = 0; count < 3; count++) one.add('a');
  two.add('a');
  two.add('b');
  await one.stop();
  await two.stop();
  expect(await (await totalsOn(state)).all()).toEqual(
    new Map([
      ['a', 4],
      ['b', 1],
    ]),
  );
});

it('are written at once, and together while the pause lasts', async () => {
  const state = new MemoryStateStore();
  let writes = 0;
  const update = state.update.bind(state);
  state.update = (...change) => {
    writes++;
    return update(...change);
  };
  const totals = await totalsOn(state);
  totals.add('a');
  await totals.all();
  expect(await state.get('counts', 'a')).toBe('1');
  for (let count = 0; count < 100; count++) totals.add('a');
  expect((await totals.all()).get('a')).toBe(101);
  await clock.advance(1_000);
  await totals.all();
  expect(await state.get('counts', 'a')).toBe('101');
  expect(writes).toBe(2);
});

it('that could not be written are kept, and written with the next', async () => {
  const state = new MemoryStateStore();
  const update = state.update.bind(state);
  state.update = () => Promise.reject(new Error('no space'));
  const totals = await totalsOn(state);
  totals.add('a');
  await totals.all();
  state.update = update;
  totals.add('a');
  await totals.stop();
  expect(await state.get('counts', 'a')).toBe('2');
});
