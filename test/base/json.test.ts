import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, depthOf, readMember, scanMembers } from '../../src/base/json.ts';

const spaced = (value: unknown): string => JSON.stringify(value, null, 2);

describe('scanMembers', () => {
  it('finds every member of an object as it was written', () => {
    const text = ' {"a": 9007199254740993, "b":[1.0 ,{"c":"}\\""}] ,"d":"x"} ';
    const members = [...scanMembers(text)].map(([name, { start, end, depth }]) => [
      name,
      text.slice(start, end),
      depth,
    ]);
    expect(members).toEqual([
      ['a', '9007199254740993', 0],
      ['b', '[1.0 ,{"c":"}\\""}]', 2],
      ['d', '"x"', 0],
    ]);
  });

  it('lets the last of equal names win, also when one is escaped', () => {
    expect(readMember('{"a":1,"\\u0061":2}', 'a')).toBe('2');
  });

  it('finds nothing in a text that is no object', () => {
    for (const text of ['[{"a":1}]', '"a"', 'null', '12', '{}']) {
      expect(scanMembers(text).size).toBe(0);
    }
  });

  it('agrees with JSON.parse on every member of any object', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(JSON.stringify, spaced),
        (object, write) => {
          const text = write(object);
          const parsed = JSON.parse(text) as Record<string, unknown>;
          const members = scanMembers(text);
          expect([...members.keys()].sort()).toEqual(Object.keys(parsed).sort());
          for (const [name, { start, end }] of members) {
            expect(JSON.parse(text.slice(start, end))).toEqual(parsed[name]);
          }
        },
      ),
    );
  });
});

describe('readMember', () => {
  it('knows only members of the object itself', () => {
    expect(readMember('{"a":{"id":1}}', 'id')).toBeUndefined();
    expect(readMember('{"a":1}', 'toString')).toBeUndefined();
    expect(readMember('{"__proto__":7}', '__proto__')).toBe('7');
  });

  it('takes strings that end in backslashes for what they are', () => {
    expect(readMember('{"a":"\\\\","b":"\\\\\\"","c":3}', 'c')).toBe('3');
  });
});

describe('depthOf', () => {
  it.each([
    ['1', 0],
    ['"[["', 0],
    ['[]', 1],
    [' {"a":[{}],"b":1}', 3],
  ])('of %s is %i', (text, depth) => {
    expect(depthOf(text)).toBe(depth);
  });

  it('counts 100 000 levels without using the stack', () => {
    const text = '[{"a":'.repeat(50_000) + '1' + '}]'.repeat(50_000);
    expect(depthOf(text)).toBe(100_000);
    expect(canonicalText(text)).toBe(text);
  });
});

describe('canonicalText', () => {
  it.each([
    ['{ "b" : 1, "a" : [ 2 , 3 ] }', '{"a":[2,3],"b":1}'],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['"\\u0061\\/"', '"a/"'],
    ['{"\\u0062":{},"a":[]}', '{"a":[],"b":{}}'],
    ['["", "x", null, true]', '["","x",null,true]'],
    ['-0', '0'],
    ['0.0e9', '0'],
    ['1.0', '1'],
    ['1e2', '100'],
    ['12.50', '12.5'],
    ['-1250E-2', '-12.5'],
    ['0.001', '0.001'],
    ['9007199254740993', '9007199254740993'],
    ['10000000000000000000000', '0.1e23'],
    ['1e22', '0.1e23'],
    ['1.5e-9', '0.15e-8'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalText(text)).toBe(canonical);
  });

  it('keeps integers apart that a double cannot tell apart', () => {
    expect(canonicalText('9007199254740992')).not.toBe(canonicalText('9007199254740993'));
  });

  it('is the same for every way to write a value, and gives the value back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const canonical = canonicalText(text);
        expect(canonicalText(spaced(value))).toBe(canonical);
        expect(canonicalText(canonical)).toBe(canonical);
        expect(JSON.parse(canonical)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('tells different numbers apart and equal ones not', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const same = canonicalText(JSON.stringify(one)) === canonicalText(JSON.stringify(other));
        expect(same).toBe(one === other);
        expect(canonicalText(one.toExponential())).toBe(canonicalText(JSON.stringify(one)));
      }),
    );
  });
});
