import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkJson, findJsonFault } from '../../src/cli/json-input.ts';

describe('a text that should be JSON', () => {
  it.each([
    { text: '{"a":1,}', offset: 7 },
    { text: "{'a':1}", offset: 1 },
    { text: '{"a" 1}', offset: 5 },
    { text: '{"a":x}', offset: 5 },
    { text: '[1 2]', offset: 3 },
    { text: '[1,2', offset: 4 },
    { text: '', offset: 0 },
    { text: '{} {}', offset: 3 },
    { text: '{"a":01}', offset: 5 },
    { text: '"a\nb"', offset: 0 },
    { text: 'NaN', offset: 0 },
  ])('is wrong at $offset: $text', ({ text, offset }) => {
    expect(findJsonFault(text)?.offset).toBe(offset);
  });

  it('has no fault exactly when JSON.parse takes it', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', ',', '}', '"', '0', 'x'),
        (json, at, put) => {
          const place = at % (json.length + 1);
          const text = json.slice(0, place) + put + json.slice(place);
          let valid = true;
          try {
            JSON.parse(text);
          } catch {
            valid = false;
          }
          expect(findJsonFault(text) === undefined).toBe(valid);
        },
      ),
    );
  });

  it('is refused with line, column and a caret under the spot', () => {
    expect(() => checkJson('{\n  "a": oops\n}', '--data')).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: '--data is not JSON: line 2, column 8',
        reason: expect.stringContaining('    "a": oops\n         ^'),
      }) as Error,
    );
  });

  it('may be nested deeper than a stack is', () => {
    expect(findJsonFault('['.repeat(100_000))?.offset).toBe(100_000);
  });
});
