import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs, limitDelayMs, LONGEST_DELAY_MS } from '../../src/queue/backoff.ts';
import { fixedRandom } from '../support/store-fixture.ts';

const plain = { backoffMs: 1_000, maxBackoffMs: null, jitter: 0 };

describe('the delay after a failed attempt', () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [10, 512_000],
  ])('doubles with each attempt: attempt %i waits %i ms', (attempt, delayMs) => {
    expect(backoffDelayMs(attempt, plain, fixedRandom())).toBe(delayMs);
  });

  it.each([
    [1_000, [1_000, 2_000, 4_000, 8_000, 16_000]],
    [2_000, [2_000, 4_000, 8_000, 16_000, 32_000]],
    [5_000, [5_000, 10_000, 20_000, 40_000, 80_000]],
  ])('follows the documented table for backoff_ms %i', (backoffMs, delays) => {
    const table = delays.map((_, n) =>
      backoffDelayMs(n + 1, { ...plain, backoffMs }, fixedRandom()),
    );
    expect(table).toEqual(delays);
  });

  it('stops growing at the cap of the queue', () => {
    const capped = { ...plain, maxBackoffMs: 3_000 };
    expect(backoffDelayMs(2, capped, fixedRandom())).toBe(2_000);
    expect(backoffDelayMs(3, capped, fixedRandom())).toBe(3_000);
  });

  it('draws only the share of it that is jitter', () => {
    const shaken = { ...plain, jitter: 0.4 };
    expect(backoffDelayMs(1, shaken, fixedRandom(0))).toBe(600);
    expect(backoffDelayMs(1, shaken, fixedRandom(0.5))).toBe(800);
    expect(backoffDelayMs(1, { ...plain, jitter: 1 }, fixedRandom(0))).toBe(0);
  });

  it('is a whole number from nothing to 100 years, whatever the settings', () => {
    const settings = fc.record({
      backoffMs: fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_VALUE, Infinity)),
      maxBackoffMs: fc.option(fc.nat()),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), settings, fraction, (n, given, drawn) => {
        const delayMs = backoffDelayMs(n, given, fixedRandom(drawn));
        expect(Number.isInteger(delayMs)).toBe(true);
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(given.maxBackoffMs ?? LONGEST_DELAY_MS);
      }),
    );
  });
});

it.each([
  [-5, 0],
  [Number.NaN, 0],
  [1.4, 1],
  [Infinity, LONGEST_DELAY_MS],
])('a delay of %d that a worker asks for becomes %d', (asked, given) => {
  expect(limitDelayMs(asked)).toBe(given);
});
