import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Slots } from '../../src/queue/slots.ts';

it('every object is found under its number, and numbers are used again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 200 }), (changes) => {
      const slots = new Slots<{ readonly slot: number }>();
      let kept: { readonly slot: number }[] = [];
      let most = 0;
      for (const change of changes) {
        const victim = kept[change];
        if (victim === undefined) {
          kept.push(slots.add((slot) => ({ slot })));
        } else {
          slots.remove(victim.slot);
          kept = kept.filter((item) => item !== victim);
          expect(() => slots.get(victim.slot)).toThrow(RangeError);
        }
        most = Math.max(most, kept.length);
        for (const item of kept) expect(slots.get(item.slot)).toBe(item);
        expect(Math.max(0, ...kept.map(({ slot }) => slot))).toBeLessThan(Math.max(1, most));
      }
    }),
  );
});
