import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Columns, NO_ROW } from '../../src/queue/columns.ts';
import { IdIndex } from '../../src/queue/id-index.ts';
import { uuidOf } from '../support/store-fixture.ts';

it('ids come and go as in a map', () => {
  const changes = fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 60 })), { maxLength: 400 });
  fc.assert(
    fc.property(changes, (given) => {
      const columns = new Columns();
      const index = new IdIndex(columns.id);
      const rows = new Map<string, number>();
      for (const [adds, number] of given) {
        const id = uuidOf(number);
        const row = rows.get(id);
        if (adds && row === undefined) {
          const added = columns.allocate();
          expect(index.add(added, id)).toBeNull();
          rows.set(id, added);
        } else if (!adds && row !== undefined) {
          index.remove(row);
          columns.free(row);
          rows.delete(id);
        }
      }
      for (let number = 0; number <= 60; number++) {
        expect(index.find(uuidOf(number))).toBe(rows.get(uuidOf(number)) ?? NO_ROW);
      }
      for (const [id, row] of rows) expect(index.textOf(row)).toBe(id);
    }),
  );
});

it('ids that differ in any digit are different, and all are found among many', () => {
  const columns = new Columns();
  const index = new IdIndex(columns.id);
  const ids = Array.from({ length: 20_000 }, (_, number) => uuidOf(number * 7));
  const rows = ids.map((id) => {
    const row = columns.allocate();
    index.add(row, id);
    return row;
  });
  expect(ids.map((id) => index.find(id))).toEqual(rows);
  for (const row of rows) index.remove(row);
  expect(ids.filter((id) => index.find(id) !== NO_ROW)).toEqual([]);
});

it('an id that is taken, or no UUID, is not added', () => {
  const columns = new Columns();
  const index = new IdIndex(columns.id);
  const first = columns.allocate();
  expect(index.add(first, uuidOf(0xabc))).toBeNull();
  expect(index.add(columns.allocate(), uuidOf(0xabc).toUpperCase())).toBe('taken');
  for (const text of [
    '',
    'job-1',
    uuidOf(1).slice(1),
    uuidOf(1).replace('c', 'g'),
    `${uuidOf(1)} `,
  ]) {
    expect(index.add(columns.allocate(), text)).toBe('invalid');
    expect(index.find(text)).toBe(NO_ROW);
  }
  expect(index.find(uuidOf(0xabc))).toBe(first);
});

it('finds what it had before room was made, and what came after', () => {
  const columns = new Columns();
  const index = new IdIndex(columns.id);
  const rows: number[] = [];
  const add = (number: number): void => {
    const row = columns.allocate();
    expect(index.add(row, uuidOf(number))).toBeNull();
    rows.push(row);
  };
  for (let number = 0; number < 500; number++) add(number);
  index.reserve(50_000);
  for (let number = 500; number < 1_000; number++) add(number);
  expect(rows.map((_, number) => index.find(uuidOf(number)))).toEqual(rows);
  for (const row of rows) index.remove(row);
  expect(index.find(uuidOf(7))).toBe(NO_ROW);
});
