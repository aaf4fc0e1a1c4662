import { describe, expect, it } from 'vitest';
import { Batcher } from '../../../src/stores/redis/batcher.ts';

/** A batcher of numbers, the batches it began, and what lets the oldest of them end. */
function batcherOf(size: ConstructorParameters<typeof Batcher>[1]) {
  const begun: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const batcher = new Batcher<number, number>((items) => {
    begun.push(items);
    return new Promise((resolve) => ends.push(() => resolve(items)));
  }, size);
  const addAll = (...items: readonly number[]) => items.map((item) => batcher.add(item));
  return { begun, addAll, end: () => ends.shift()?.() };
}

/** Lets all that is ready be done. */
const turn = async (): Promise<void> => {
  for (let count = 0; count < 20; count++) await Promise.resolve();
};

describe('Batcher', () => {
  it('carries out together what comes in one turn', async () => {
    const { begun, addAll, end } = batcherOf({ mostWeight: 10 });
    const answers = addAll(1, 2, 3);
    await Promise.resolve();
    expect(begun).toEqual([[1, 2, 3]]);
    end();
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
  });

  it('begins with half of many, so that two batches take turns', async () => {
    const { begun, addAll, end } = batcherOf({ mostWeight: 10, halvedFrom: 4 });
    void addAll(1, 2, 3, 4);
    await turn();
    expect(begun).toEqual([
      [1, 2],
      [3, 4],
    ]);
    end();
    void addAll(5, 6, 7, 8);
    await turn();
    expect(begun[2]).toEqual([5, 6, 7, 8]);
  });
});
