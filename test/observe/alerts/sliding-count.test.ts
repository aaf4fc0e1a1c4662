import { expect, it } from 'vitest';
import { SlidingCount } from '../../../src/observe/alerts/sliding-count.ts';

it('counts what happened within the window, and forgets it behind it', () => {
  const count = new SlidingCount(60_000);
  const start = 1_700_000_000_000;
  for (const after of [0, 1_000, 30_000]) count.add(start + after);
  expect(count.total(start + 30_000)).toBe(3);
  expect(count.total(start + 59_999)).toBe(3);
  expect(count.total(start + 60_000)).toBe(2);
  expect(count.total(start + 61_000)).toBe(1);
  count.add(start + 1e9);
  expect(count.total(start + 1e9)).toBe(1);
});
