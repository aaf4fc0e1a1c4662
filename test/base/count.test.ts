import { expect, it } from 'vitest';
import { countOf } from '../../src/base/count.ts';

it('a count has the number of its noun, and groups of three digits', () => {
  expect(countOf(1, 'job')).toBe('1 job');
  expect(countOf(0, 'job')).toBe('0 jobs');
  expect(countOf(1_234_567, 'job')).toBe('1 234 567 jobs');
  expect(countOf(2, 'reply', 'replies')).toBe('2 replies');
});
