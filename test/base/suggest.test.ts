import { describe, expect, it } from 'vitest';
import { editDistance, nameSome, nearest } from '../../src/base/suggest.ts';

describe('the nearest name', () => {
  it.each([
    ['max_retires', 'max_retries'],
    ['Concurrency', 'concurrency'],
    ['concurency', 'concurrency'],
    ['typ', 'type'],
    ['zzz', undefined],
    ['x'.repeat(100_000), undefined],
  ])('of %.20s is %s', (written, expected) => {
    expect(nearest(written, ['max_retries', 'concurrency', 'type'])).toBe(expected);
  });

  it.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['abcd', 'badc', 2],
  ])('is as far as it takes edits: %s to %s', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe('the names there are', () => {
  it.each([
    [[], 'none'],
    [['a', 'b'], "'a', 'b'"],
    [['a', 'b', 'c', 'd', 'e'], "'a', 'b', 'c', 'd', 'e'"],
    [['a', 'b', 'c', 'd', 'e', 'f', 'g'], "'a', 'b', 'c', 'd', 'e' and 2 more"],
  ])('of %j are written as %s', (names, sentence) => {
    expect(nameSome(names)).toBe(sentence);
  });
});
