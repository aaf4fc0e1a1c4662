import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ShardedMap } from '../../src/queue/sharded-map.ts';

it.each<[string, fc.Arbitrary<string | number>]>([
  ['texts', fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('"a"', '"b"', 'x'.repeat(40)))],
  ['numbers', fc.nat({ max: 600 })],
])('is a map of %s', (_what, keys) => {
  const changes = fc.array(fc.record({ key: keys, value: fc.option(fc.nat()) }));
  fc.assert(
    fc.property(changes, (given) => {
      const map = new ShardedMap<string | number, number>();
      const plain = new Map<string | number, number>();
      for (const { key, value } of given) {
        if (value === null) expect(map.delete(key)).toBe(plain.delete(key));
        else {
          map.set(key, value);
          plain.set(key, value);
        }
        expect(map.size).toBe(plain.size);
      }
      for (const { key } of given) {
        expect(map.get(key)).toBe(plain.get(key));
        expect(map.has(key)).toBe(plain.has(key));
      }
    }),
  );
});
