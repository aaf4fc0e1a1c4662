import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_ROW } from '../../src/queue/columns.ts';
import { Expiries } from '../../src/queue/expiries.ts';

it('rows come out when their time is over, without the forgotten ones', () => {
  const watched = fc.array(fc.record({ at: fc.nat({ max: 100 }), forgotten: fc.boolean() }), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(watched, fc.nat({ max: 100 }), (given, now) => {
      const expiries = new Expiries();
      for (const [row, { at }] of given.entries()) expiries.watch(row, at);
      for (const [row, { forgotten }] of given.entries()) if (forgotten) expiries.forget(row);
      const due: number[] = [];
      for (let row = expiries.takeDue(now); row !== NO_ROW; row = expiries.takeDue(now)) {
        due.push(row);
      }
      const expected = [...given.keys()].filter((row) => {
        const entry = given[row];
        return entry !== undefined && !entry.forgotten && entry.at <= now;
      });
      expect(due.sort((a, b) => a - b)).toEqual(expected);
      expect(expiries.nextAt()).toBeGreaterThan(now);
    }),
  );
});

it('a row that could not expire comes out again after it was listed again', () => {
  const expiries = new Expiries();
  expiries.watch(1, 10);
  expect(expiries.takeDue(10)).toBe(1);
  expect(expiries.takeDue(10)).toBe(NO_ROW);
  expiries.relist(1);
  expiries.relist(1);
  expect(expiries.takeDue(10)).toBe(1);
  expect(expiries.takeDue(10)).toBe(NO_ROW);
});

it('gives rows earliest first, also after any of them left', () => {
  const changes = fc.array(fc.record({ at: fc.nat({ max: 50 }), leaves: fc.nat({ max: 60 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(changes, (given) => {
      const expiries = new Expiries();
      const left = new Map<number, number>();
      for (const [row, { at, leaves }] of given.entries()) {
        expiries.watch(row, at);
        left.set(row, at);
        expiries.forget(leaves);
        left.delete(leaves);
      }
      const times: number[] = [];
      for (let row = expiries.takeDue(50); row !== NO_ROW; row = expiries.takeDue(50)) {
        times.push(left.get(row) ?? Number.NaN);
      }
      expect(times).toEqual([...left.values()].sort((a, b) => a - b));
    }),
  );
});
