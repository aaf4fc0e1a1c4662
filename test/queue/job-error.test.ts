import fc from 'fast-check';
import { expect, it } from 'vitest';
import { appendHistory } from '../../src/queue/history.ts';
import { cutError } from '../../src/queue/job-error.ts';
import { LIMITS } from '../../src/queue/limits.ts';
import type { AttemptRecord } from '../../src/queue/types.ts';

const LIMIT = LIMITS.errorBytes;

it('an error that fits stays the same object', () => {
  const error = { code: 'boom', message: 'x'.repeat(LIMIT), stack: 'at f' };
  expect(cutError(error)).toBe(error);
});

it('message and stack are cut to their limit each', () => {
  const cut = cutError({ code: 'boom', message: 'm'.repeat(LIMIT + 1), stack: '€'.repeat(LIMIT) });
  expect(cut.code).toBe('boom');
  for (const text of [cut.message, cut.stack ?? '']) {
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LIMIT);
    expect(Buffer.byteLength(text)).toBeGreaterThan(LIMIT - 8);
    expect(text.endsWith('… (cut)')).toBe(true);
  }
});

it('a cut never goes through a character', () => {
  fc.assert(
    fc.property(fc.nat({ max: 8 }), fc.constantFrom('ü', '€', '😀'), (shift, character) => {
      const message = 'x'.repeat(shift) + character.repeat(LIMIT / 2);
      const cut = cutError({ code: 'boom', message }).message;
      expect(Buffer.from(cut).toString()).toBe(cut);
      expect(message.startsWith(cut.replace(' … (cut)', ''))).toBe(true);
    }),
  );
});

it('a history keeps the last attempts, with their errors cut', () => {
  let history: readonly AttemptRecord[] = [];
  for (let attempt = 1; attempt <= LIMITS.historyLength + 5; attempt++) {
    const error = { code: 'boom', message: 'm'.repeat(LIMIT * 2) };
    const times = { startedAt: attempt, endedAt: attempt };
    history = appendHistory(history, {
      attempt,
      ...times,
      worker: 'w',
      outcome: 'failed',
      error,
    });
  }
  expect(history).toHaveLength(LIMITS.historyLength);
  expect(history[0]?.attempt).toBe(6);
  expect(history.at(-1)?.attempt).toBe(LIMITS.historyLength + 5);
  expect(history[0]?.error?.message.length).toBeLessThanOrEqual(LIMIT);
});
