import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PlaceIndex } from '../../../src/stores/file/place-index.ts';
import type { RecordKey } from '../../../src/stores/file/tables.ts';

const FIRST = 1_000;

const keys = fc.oneof(
  fc.integer({ min: FIRST, max: FIRST + 20 }),
  fc.integer({ min: FIRST - 5, max: FIRST + 5_000 }),
  fc.constantFrom<RecordKey>(1, FIRST + 2 ** 20 - 1, FIRST + 2 ** 20, 2 ** 40, 'a', `${FIRST}`),
);
const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      key: keys,
      place: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    }),
    fc.record({ kind: fc.constant('delete' as const), key: keys }),
    fc.record({
      kind: fc.constant('restart' as const),
      first: fc.integer({ min: 1, max: 2 * FIRST }),
    }),
  ),
  { size: '+1' },
);

function entriesOf(index: PlaceIndex): ReadonlyMap<RecordKey, number> {
  const entries = new Map<RecordKey, number>();
  index.forEach((key, place) => {
    expect(entries.has(key)).toBe(false);
    entries.set(key, place);
  });
  return entries;
}

it('an index of places answers what a map does, whatever the keys are', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const index = new PlaceIndex();
      const map = new Map<RecordKey, number>();
      index.restart(FIRST);
      for (const step of all) {
        switch (step.kind) {
          case 'set':
            index.set(step.key, step.place);
            map.set(step.key, step.place);
            break;
          case 'delete':
            index.delete(step.key);
            map.delete(step.key);
            break;
          case 'restart':
            index.restart(step.first);
            map.clear();
        }
        expect(index.size).toBe(map.size);
        if (step.kind !== 'restart') expect(index.get(step.key)).toBe(map.get(step.key));
      }
      expect(entriesOf(index)).toEqual(map);
    }),
  );
});
