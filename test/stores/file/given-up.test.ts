import { expect, it, vi } from 'vitest';
import { LmdbRecords } from '../../../src/stores/file/lmdb-records.ts';
import { openJournal } from '../../../src/stores/file/open-journal.ts';
import type { RecordKey } from '../../../src/stores/file/tables.ts';
import { newFolder } from '../../support/file-maker.ts';

/** Transactions that LMDB is about to give up. */
let givesUp = 0;

vi.mock(import('lmdb'), async (importOriginal) => {
  const lmdb = await importOriginal();
  const open = (...args: Parameters<typeof lmdb.open>) => {
    const root = lmdb.open(...args);
    const batch = root.batch.bind(root);
    root.batch = (action) => {
      if (givesUp === 0) return batch(action);
      givesUp -= 1;
      const error = new Error('MDB_BAD_TXN: Transaction must abort, has a child, or is invalid');
      return Promise.reject(Object.assign(new Error('Commit failed'), { commitError: error }));
    };
    return root;
  };
  return { ...lmdb, open: open as typeof lmdb.open };
});

const change = (key: RecordKey, text: string) => ({
  forEach: (visit: (table: 'jobs', key: RecordKey, value: Buffer) => void) => {
    visit('jobs', key, Buffer.from(text));
  },
});

const textOf = (records: LmdbRecords, key: RecordKey) => records.read('jobs', key)?.toString();

it('a transaction that was given up takes place when it is tried again, and nothing else changed', async () => {
  const records = new LmdbRecords(newFolder(), 'write');
  await records.commit(change(1, 'a'));
  givesUp = 1;
  await expect(records.commit(change(2, 'b'))).rejects.toMatchObject({
    code: 'MDB_BAD_TXN',
    fatal: false,
  });
  expect([textOf(records, 1), textOf(records, 2)]).toEqual(['a', undefined]);
  await records.commit(change(2, 'b'));
  expect([textOf(records, 1), textOf(records, 2)]).toEqual(['a', 'b']);
  await records.close();
});

it('a transaction that is given up again and again is a failure for good', async () => {
  const records = new LmdbRecords(newFolder(), 'write');
  givesUp = Infinity;
  await expect(records.commitAlone(change(1, 'a'))).rejects.toMatchObject({ fatal: true });
  givesUp = 0;
  await records.close();
});

it('a store opens although its first transactions are given up', async () => {
  const folder = newFolder();
  givesUp = 2;
  const database = new LmdbRecords(folder, 'write');
  const records = await openJournal({ folder, database, turnBytes: 1_000, repair: null });
  expect(givesUp).toBe(0);
  await records.close();
});
