import { expect, it } from 'vitest';
import fc from 'fast-check';
import { WaitWindow } from '../../src/observe/wait-window.ts';

const NOW = 1_700_000_000_000;

/** The smallest value that this share of all does not exceed. */
function exactPercentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] ?? 0;
}

it('tells the wait of 95 of 100 attempts to a sixteenth of it, whatever they waited', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 }), { minLength: 1 });
  fc.assert(
    fc.property(waits, fc.constantFrom(0, 0.5, 0.95, 1), (values, share) => {
      const window = new WaitWindow();
      for (const value of values) window.record(value, NOW);
      const exact = exactPercentile(values, share);
      const told = window.percentile(share, NOW) ?? Number.NaN;
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact / 16);
    }),
  );
});

it('knows nothing before the first attempt, and forgets each one a minute after it', () => {
  const window = new WaitWindow();
  expect(window.percentile(0.95, NOW)).toBeNull();
  window.record(9, NOW);
  window.record(3, NOW + 30_000);
  expect(window.percentile(0.95, NOW + 49_000)).toBe(9);
  expect(window.percentile(0.95, NOW + 60_000)).toBe(3);
  expect(window.percentile(0.95, NOW + 90_000)).toBeNull();
  window.record(7, NOW + 1e9);
  expect(window.percentile(0.95, NOW + 1e9)).toBe(7);
});

it('counts a wait beyond what it can tell apart as the longest it can', () => {
  const window = new WaitWindow();
  window.record(1e12, NOW);
  window.record(-5, NOW);
  expect(window.percentile(0, NOW)).toBe(0);
  expect(window.percentile(1, NOW)).toBe(2 ** 31 - 1);
});
