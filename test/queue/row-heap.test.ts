import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Columns, NO_ROW } from '../../src/queue/columns.ts';
import { RowHeap } from '../../src/queue/row-heap.ts';

it('a heap gives its rows in order, also when some leave from the middle', () => {
  const keys = fc.array(fc.nat({ max: 50 }), { maxLength: 200 });
  fc.assert(
    fc.property(keys, fc.array(fc.nat()), (given, removals) => {
      const columns = new Columns();
      const { seq, position } = columns;
      const before = (a: number, b: number): boolean =>
        seq.get(a) < seq.get(b) || (seq.get(a) === seq.get(b) && a < b);
      const heap = new RowHeap(position, before);
      let rows = given.map((key) => {
        const row = columns.allocate();
        seq.set(row, key);
        heap.push(row);
        return row;
      });
      for (const removal of removals) {
        const row = rows[removal % Math.max(1, rows.length)];
        if (row === undefined) break;
        heap.remove(row);
        expect(position.get(row)).toBe(0);
        rows = rows.filter((other) => other !== row);
      }
      const popped = rows.map(() => heap.pop());
      expect(popped).toEqual([...rows].sort((a, b) => (before(a, b) ? -1 : 1)));
      expect(heap.pop()).toBe(NO_ROW);
    }),
  );
});

it('a heap of many pages stays in order', () => {
  const columns = new Columns();
  const heap = new RowHeap(columns.position, (a, b) => a > b);
  const count = 40_000;
  for (let index = 0; index < count; index++) heap.push(columns.allocate());
  let wrong = 0;
  for (let expected = count - 1; expected >= 0; expected--) {
    if (heap.pop() !== expected) wrong++;
  }
  expect(wrong).toBe(0);
  expect(heap.size).toBe(0);
});
