import { expect, test } from 'vitest';
import { RecentMap } from '../../src/base/recent-map.ts';

test('it remembers the last entries, as many as it was asked to', () => {
  const map = new RecentMap<number, string>(100);
  for (let key = 0; key < 1_000; key++) map.set(key, `value ${key}`);
  for (let key = 900; key < 1_000; key++) expect(map.get(key)).toBe(`value ${key}`);
});

test('it forgets what is older than twice its capacity', () => {
  const map = new RecentMap<number, number>(10);
  for (let key = 0; key < 50; key++) map.set(key, key);
  const known = Array.from({ length: 50 }, (_, key) => map.get(key)).filter(
    (value) => value !== undefined,
  );
  expect(known.length).toBeLessThanOrEqual(20);
  expect(map.get(0)).toBeUndefined();
});

test('what was deleted is gone, whether it was set lately or before', () => {
  const map = new RecentMap<string, number>(2);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  map.delete('a');
  map.delete('c');
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 1, undefined]);
});

test('the newest value of a key counts', () => {
  const map = new RecentMap<string, number>(1);
  map.set('a', 1);
  map.set('b', 1);
  map.set('a', 2);
  expect(map.get('a')).toBe(2);
});
