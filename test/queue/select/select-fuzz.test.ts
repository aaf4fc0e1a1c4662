import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IiiError } from '../../../src/base/errors.ts';
import { findPath } from '../../../src/base/json.ts';
import { normaliseError } from '../../../src/queue/cluster.ts';
import { scannedJob } from '../../../src/queue/scan.ts';
import { parseSelector } from '../../../src/queue/select.ts';
import { compilePattern } from '../../../src/queue/select/pattern.ts';
import type { Job } from '../../../src/queue/types.ts';
import { newJob, uuidOf } from '../../support/store-fixture.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

const jobOf = (payload: string, attempts: number): Job => ({
  ...newJob(uuidOf(1), NOW - 1_000, { payload }),
  seq: 1,
  state: 'waiting',
  attempts,
  interruptions: 0,
  epoch: 0,
  history: [],
  failure: null,
  leasedAt: null,
  endedAt: null,
});

/** A selector, and what it says about a job with these numbers of attempts and this `payload.a`. */
interface Sentence {
  readonly text: string;
  readonly holds: (attempts: number, a: unknown) => boolean;
}

const numbers = fc.integer({ min: 0, max: 3 });
const { sentence } = fc.letrec<{ sentence: Sentence; leaf: Sentence }>((tie) => ({
  leaf: fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), numbers)
      .map(([operator, wanted]): Sentence => ({
        text: `attempts${operator}${wanted}`,
        holds: (attempts) =>
          ({
            '=': attempts === wanted,
            '!=': attempts !== wanted,
            '<': attempts < wanted,
            '<=': attempts <= wanted,
            '>': attempts > wanted,
            '>=': attempts >= wanted,
          })[operator],
      })),
    fc.oneof(fc.string({ maxLength: 4 }), numbers).map((wanted): Sentence => ({
      text: `payload.a = ${JSON.stringify(wanted)}`,
      holds: (_, a) => a === wanted,
    })),
  ),
  sentence: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    tie('sentence').map((part): Sentence => ({
      text: `not (${part.text})`,
      holds: (...facts) => !part.holds(...facts),
    })),
    fc
      .tuple(tie('sentence'), fc.constantFrom('and', 'or'), tie('sentence'))
      .map(([left, word, right]): Sentence => ({
        text: `(${left.text}) ${word} (${right.text})`,
        holds: (...facts) =>
          word === 'and'
            ? left.holds(...facts) && right.holds(...facts)
            : left.holds(...facts) || right.holds(...facts),
      })),
  ),
}));

describe('any selector', () => {
  it('says of a job what its words say', () => {
    fc.assert(
      fc.property(
        sentence,
        numbers,
        fc.oneof(fc.string({ maxLength: 4 }), numbers, fc.constant(null)),
        ({ text, holds }, attempts, a) => {
          const { test } = parseSelector(text, NOW);
          expect(test(scannedJob(jobOf(JSON.stringify({ a }), attempts)))).toBe(holds(attempts, a));
        },
      ),
    );
  });

  it('is read, or refused with a column inside it', () => {
    const piece = fc.constantFrom(
      ...['state', 'payload', '.a', '[0]', '[', '"', "'", '\\', '=', '!', '~', '(', ')', ' '],
      ...['and', 'or', 'not', 'in', 'now-1h', '12', 'dead', ',', '<', 'error', '*', '\u0000', '😀'],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => {
          try {
            parseSelector(text, NOW).test(scannedJob(jobOf('{"a":[1]}', 1)));
          } catch (thrown) {
            if (!(thrown instanceof IiiError)) throw thrown;
            expect(thrown.code).toBe('SELECTOR_INVALID');
            expect(thrown.details?.['column']).toBeLessThanOrEqual(text.length + 1);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('finds what a payload has at a path, as reading it would', () => {
    const path = fc.array(fc.oneof(fc.constantFrom('a', 'b', '"', '\\', ''), fc.nat(2)), {
      maxLength: 4,
    });
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', '"', '\\', ''), tie('any')),
      ),
    })).any;
    fc.assert(
      fc.property(value, path, fc.constantFrom(undefined, 1), (json, steps, indent) => {
        const text = JSON.stringify(json, null, indent);
        let expected: unknown = json;
        for (const step of steps) {
          const isList = Array.isArray(expected);
          const fits = typeof step === 'number' ? isList : !isList && expected !== null;
          const holder = fits && typeof expected === 'object' ? (expected as object) : {};
          expected = Object.hasOwn(holder, step) ? Reflect.get(holder, step) : undefined;
        }
        const span = findPath(text, steps);
        const found = span === undefined ? undefined : text.slice(span.start, span.end);
        expect(found === undefined ? undefined : JSON.parse(found)).toEqual(
          expected === undefined ? undefined : JSON.parse(JSON.stringify(expected)),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('any pattern', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });

  it('matches what the same regular expression matches', () => {
    fc.assert(
      fc.property(
        letters,
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }),
        (pattern, text) => {
          const expression = pattern.includes('*')
            ? new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
            : new RegExp(pattern);
          expect(compilePattern(pattern)(text)).toBe(expression.test(text));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('finds a star that is written with a backslash', () => {
    expect(compilePattern('a\\*b')('xa*by')).toBe(true);
    expect(compilePattern('a\\*b')('axb')).toBe(false);
    expect(compilePattern('a\\b')('xa\\b')).toBe(true);
  });

  /** Trying every way to place the stars, or every place twice, would take hours. */
  it.each([
    { pattern: '*a*a*a*a*a*a*a*a*b', unit: 'a' },
    { pattern: `${'a'.repeat(125)}b${'a'.repeat(124)}`, unit: 'a' },
    { pattern: `*${'ab'.repeat(60)}*${'ba'.repeat(60)}c*`, unit: 'ab' },
  ])('$pattern ends on a long text made for it', ({ pattern, unit }) => {
    expect(compilePattern(pattern)(unit.repeat(5_000_000))).toBe(false);
  });
});

describe('any error', () => {
  it('has one normalised form, of a length that fits a line or two', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (message) => {
        const once = normaliseError(message);
        expect(once.length).toBeLessThanOrEqual(400);
        expect(normaliseError(message)).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['"', "'a ", '/a', '<', 'a1', '` "'])(
    'made of %j only is normalised at any length',
    (unit) => {
      expect(normaliseError(unit.repeat(1_000_000)).length).toBeLessThanOrEqual(400);
    },
  );
});
