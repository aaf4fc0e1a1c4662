import { expect, test } from 'vitest';
import { ChurnMap } from '../../src/base/churn-map.ts';

test('what is there stays there, in its order, however many others come and go', () => {
  const map = new ChurnMap<string, number>();
  map.set('first', 1);
  map.set('second', 2);
  for (let key = 0; key < 5_000; key++) {
    map.set(`call ${key}`, key);
    expect(map.get(`call ${key}`)).toBe(key);
    map.delete(`call ${key}`);
    expect(map.get(`call ${key}`)).toBeUndefined();
  }
  map.set('third', 3);
  expect(map.size).toBe(3);
  expect(map.values()).toEqual([1, 2, 3]);
  expect(map.get('first')).toBe(1);
});

test('it holds more than come until it begins anew', () => {
  const map = new ChurnMap<number, number>();
  for (let key = 0; key < 3_000; key++) map.set(key, -key);
  expect(map.size).toBe(3_000);
  expect(map.get(0)).toBe(-0);
  expect(map.get(2_999)).toBe(-2_999);
});

test('the values are those of the moment; clearing leaves nothing', () => {
  const map = new ChurnMap<string, number>();
  map.set('a', 1);
  map.set('b', 2);
  const before = map.values();
  map.clear();
  expect(before).toEqual([1, 2]);
  expect(map.size).toBe(0);
  expect(map.get('a')).toBeUndefined();
});
