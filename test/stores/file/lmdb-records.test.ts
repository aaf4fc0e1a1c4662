import { describe, expect, it } from 'vitest';
import { LmdbRecords } from '../../../src/stores/file/lmdb-records.ts';
import { WriteBatch } from '../../../src/stores/file/write-batch.ts';
import { newFolder } from '../../support/file-maker.ts';

/** From one that shares a page to ones that have many, which lmdb reads in other ways. */
const SIZES = [1, 3_000, 5_000, 40_000, 70_000, 300_000, 5_000_000];

describe('the records of a database', () => {
  it.each(['write', 'read'] as const)(
    'are whole when they are scanned, opened to %s',
    async (mode) => {
      const folder = newFolder();
      const writer = new LmdbRecords(folder, 'write');
      const batch = new WriteBatch();
      for (const [at, size] of SIZES.entries()) {
        batch.put('jobs', at + 1, Buffer.alloc(size, at + 1));
        batch.put('states', at + 1, Buffer.alloc(10, 0xee));
      }
      await writer.commit(batch);
      const reader = mode === 'write' ? writer : new LmdbRecords(folder, mode);
      const states = reader.scan('states')[Symbol.iterator]();
      let found = 0;
      for (const { key, bytes } of reader.scan('jobs')) {
        expect(bytes.equals(Buffer.alloc(SIZES[found] ?? 0, Number(key)))).toBe(true);
        found++;
        // as recovery does: the bytes above are no longer good then
        expect(states.next().value).toMatchObject({ key });
      }
      expect(found).toBe(SIZES.length);
      if (reader !== writer) await reader.close();
      await writer.close();
    },
  );
});
