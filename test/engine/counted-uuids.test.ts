import { expect, test } from 'vitest';
import { systemRandom } from '../../src/base/random.ts';
import { countedUuids } from '../../src/engine/counted-uuids.ts';

test('every id is a UUID in lower case, and none comes twice', () => {
  const nextId = countedUuids(systemRandom);
  const ids = Array.from({ length: 70_000 }, nextId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of [ids[0], ids[15], ids[65_536]]) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);
  }
});
