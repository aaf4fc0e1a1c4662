import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyUpdate } from '../../src/state/update.ts';

function update(before: unknown, ...ops: unknown[]): { value: unknown; errors: string[] } {
  const text = before === undefined ? undefined : JSON.stringify(before);
  const { value, errors } = applyUpdate(
    text,
    ops.map((op) => JSON.stringify(op)),
  );
  return { value: JSON.parse(value), errors: errors.map(({ code }) => code) };
}

const name = fc
  .string()
  .filter((text) => !['', '__proto__', 'constructor', 'prototype'].includes(text));

describe('set', () => {
  it('sets one key that is meant literally, and leaves the others alone', () => {
    expect(update({ a: 1 }, { type: 'set', path: 'b.c', value: [2] }).value).toEqual({
      a: 1,
      'b.c': [2],
    });
  });

  it('with an empty path or none replaces the whole value', () => {
    expect(update({ a: 1 }, { type: 'set', path: '', value: 7 }).value).toBe(7);
    expect(update({ a: 1 }, { type: 'set', value: 'x' }).value).toBe('x');
  });

  it('begins with an empty object where there is nothing', () => {
    expect(update(undefined, { type: 'set', path: 'a', value: 1 }).value).toEqual({ a: 1 });
    expect(update(undefined).value).toEqual({});
  });

  it('of any key of any object is what is read afterwards', () => {
    const members = fc.dictionary(name, fc.jsonValue());
    fc.assert(
      fc.property(members, name, fc.jsonValue(), (before, path, value) => {
        const expected = JSON.parse(JSON.stringify({ ...before, [path]: value })) as unknown;
        const result = update(before, { type: 'set', path, value });
        if (new TextEncoder().encode(path).length > 256) {
          expect(result.errors).toEqual(['set.path.segment_too_long']);
        } else {
          expect(result).toEqual({ value: expected, errors: [] });
        }
      }),
    );
  });
});

describe('increment and decrement', () => {
  it('create a missing key', () => {
    expect(update({}, { type: 'increment', path: 'n', by: 5 }).value).toEqual({ n: 5 });
    expect(update({}, { type: 'decrement', path: 'n', by: 5 }).value).toEqual({ n: -5 });
  });

  it('count integers exactly, of any size, and leave integers integers', () => {
    const big = '{"n":9007199254740993,"other":1.0}';
    const op = '{"type":"increment","path":"n","by":2}';
    expect(applyUpdate(big, [op]).value).toBe('{"n":9007199254740995,"other":1.0}');
    const integer = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    fc.assert(
      fc.property(integer, integer, (now, by) => {
        const result = applyUpdate(String(now), [`{"type":"decrement","path":"","by":${by}}`]);
        expect(result.value).toBe(String(now - by));
      }),
    );
  });

  it('count fractions as JavaScript does', () => {
    expect(update({ n: 0.5 }, { type: 'increment', path: 'n', by: 1 }).value).toEqual({ n: 1.5 });
  });

  it.each([
    [{ n: 'x' }, { type: 'increment', path: 'n', by: 1 }, 'increment.not_number'],
    [{ n: null }, { type: 'decrement', path: 'n', by: 1 }, 'decrement.not_number'],
    [{ n: 1 }, { type: 'increment', path: 'n', by: '1' }, 'increment.not_number'],
    [[], { type: 'increment', path: 'n', by: 1 }, 'increment.target_not_object'],
    [7, { type: 'decrement', path: 'n', by: 1 }, 'decrement.target_not_object'],
  ])('are refused where there is nothing to count: %j %j', (before, op, code) => {
    expect(update(before, op)).toEqual({ value: before, errors: [code] });
  });
});

describe('remove', () => {
  it('takes one key away, or with an empty path everything', () => {
    expect(update({ a: 1, b: 2 }, { type: 'remove', path: 'a' }).value).toEqual({ b: 2 });
    expect(update({ b: 2 }, { type: 'remove', path: 'a' }).value).toEqual({ b: 2 });
    expect(update({ b: 2 }, { type: 'remove', path: '' }).value).toBeNull();
    expect(update('x', { type: 'remove', path: 'a' }).errors).toEqual(['remove.target_not_object']);
  });
});

describe('merge', () => {
  it('is shallow', () => {
    const before = { a: { x: 1 }, b: 1 };
    expect(update(before, { type: 'merge', value: { a: { y: 2 }, c: 3 } }).value).toEqual({
      a: { y: 2 },
      b: 1,
      c: 3,
    });
  });

  it('goes down a path, and makes what is missing', () => {
    expect(update({}, { type: 'merge', path: 'a', value: { x: 1 } }).value).toEqual({
      a: { x: 1 },
    });
    const op = { type: 'merge', path: ['a', 'b.c'], value: { x: 1 } };
    expect(update({ a: { k: 0 } }, op).value).toEqual({ a: { k: 0, 'b.c': { x: 1 } } });
  });

  const deep = (levels: number): unknown => (levels === 0 ? 1 : { k: deep(levels - 1) });

  it.each([
    ['merge.value.not_an_object', { value: [1] }],
    ['merge.value.not_an_object', {}],
    ['merge.value.too_deep', { value: deep(17) }],
    ['merge.value.too_many_keys', { value: Object.fromEntries(Array(1_025).fill(0).entries()) }],
    ['merge.value.proto_polluted', { value: { a: [{ constructor: 1 }] } }],
    ['merge.path.too_deep', { path: Array(33).fill('a'), value: {} }],
    ['merge.path.empty_segment', { path: ['a', ''], value: {} }],
    ['merge.path.segment_too_long', { path: ['é'.repeat(129)], value: {} }],
    ['merge.path.proto_polluted', { path: ['a', '__proto__'], value: {} }],
    ['merge.path.not_a_string', { path: ['a', 1], value: {} }],
    ['merge.target_not_object', { path: ['text', 'a'], value: {} }],
  ])('is refused with %s', (code, op) => {
    const before = { text: 'x' };
    expect(update(before, { type: 'merge', ...op })).toEqual({ value: before, errors: [code] });
  });

  it('takes as much as the limits allow', () => {
    const value = { ...Object.fromEntries(Array(1_023).fill(0).entries()), last: deep(15) };
    expect(update({}, { type: 'merge', path: Array(32).fill('a'), value }).errors).toEqual([]);
  });
});

describe('append', () => {
  it.each([
    [{ a: [1] }, 'a', 2, { a: [1, 2] }],
    [{ a: 'x' }, 'a', 'y', { a: 'xy' }],
    [{}, 'a', 'y', { a: 'y' }],
    [{ a: null }, 'a', 1, { a: [1] }],
    [{}, ['a'], 'y', { a: ['y'] }],
    [{}, ['a', 'b'], { n: 1 }, { a: { b: [{ n: 1 }] } }],
    [undefined, '', 1, [1]],
    [undefined, '', 'x', 'x'],
    [[1], '', 2, [1, 2]],
  ])('to %j at %j of %j gives %j', (before, path, value, after) => {
    expect(update(before, { type: 'append', path, value })).toEqual({ value: after, errors: [] });
  });

  it.each([
    [{ a: 1 }, 'a', 2, 'append.type_mismatch'],
    [{ a: 'x' }, 'a', 2, 'append.type_mismatch'],
    [{}, '', 2, 'append.type_mismatch'],
    [[], 'a', 2, 'append.target_not_object'],
  ])('to %j at %j of %j is refused with %s', (before, path, value, code) => {
    expect(update(before, { type: 'append', path, value })).toEqual({
      value: before,
      errors: [code],
    });
  });
});

describe('operations', () => {
  it('apply in order; one that fails changes nothing and the others go on', () => {
    const { value, errors } = applyUpdate('{"n":"x"}', [
      '{"type":"set","path":"a","value":1}',
      '{"type":"increment","path":"n","by":1}',
      '{"type":"increment","path":"a","by":1}',
      '{"type":"conjure"}',
    ]);
    expect(value).toBe('{"n":"x","a":2}');
    expect(errors).toMatchObject([
      { op_index: 1, code: 'increment.not_number' },
      { op_index: 3, code: 'invalid_op' },
    ]);
  });

  it.each(['set', 'increment', 'decrement', 'remove', 'merge', 'append'])(
    'never touch a prototype: %s',
    (type) => {
      for (const path of ['__proto__', 'constructor', 'prototype']) {
        const op = `{"type":"${type}","path":"${path}","value":{"polluted":1},"by":1}`;
        expect(applyUpdate('{}', [op])).toMatchObject({
          value: '{}',
          errors: [{ code: `${type}.path.proto_polluted` }],
        });
      }
      expect('polluted' in {}).toBe(false);
    },
  );

  it('keep what they do not touch as it was written', () => {
    const before = '{"id":12345678901234567890,"price":1.0,"__proto__":{"a":1e2},"x":[ 1.50 ]}';
    const op = '{"type":"set","path":"new","value":9007199254740993}';
    expect(applyUpdate(before, [op]).value).toBe(
      '{"id":12345678901234567890,"price":1.0,"__proto__":{"a":1e2},"x":[ 1.50 ],"new":9007199254740993}',
    );
  });

  it('whatever they are give a value that is JSON', () => {
    const op = fc.record(
      {
        type: fc.constantFrom('set', 'merge', 'increment', 'decrement', 'remove', 'append', 'x'),
        path: fc.oneof(name, fc.constant(''), fc.array(name, { maxLength: 3 }), fc.jsonValue()),
        value: fc.jsonValue(),
        by: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(op, { maxLength: 5 }), (before, ops) => {
        const result = update(before, ...ops);
        expect(result.value).not.toBeUndefined();
        expect(result.errors.length).toBeLessThanOrEqual(ops.length);
      }),
    );
  });
});
