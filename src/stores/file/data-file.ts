import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { IiiError } from '../../base/errors.ts';

/** The database file of a store. */
export const DATA_FILE = 'data.mdb';

/** Where LMDB keeps what in each of its two first pages: a header, then `MDB_meta`, little-endian. */
const META = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152 } as const;
const META_BYTES = 160;
const MAGIC = 0xbeefc0de;
/** A number beyond this is damage, not size. */
const MOST_PAGES = 2n ** 32n;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * Makes sure that the database file of a store can be opened: without one LMDB would make an empty
 * one. A file that was cut off is made as long as it says it is, because reading past the end of a
 * mapped file kills the process; a page of zeros is an ordinary error.
 * @throws IiiError STORE_DAMAGED
 */
export function checkDataFile(folder: string): void {
  const fd = openData(folder);
  try {
    const meta = newestMeta(fd);
    if (meta === null) throw noDatabase(folder, 'It does not begin as a database.');
    const bytes = (meta.lastPage + 1) * meta.pageSize;
    if (bytes > fstatSync(fd).size) ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

function openData(folder: string): number {
  try {
    return openSync(join(folder, DATA_FILE), 'r+');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    throw noDatabase(folder, 'It is missing, although the folder is a store.');
  }
}

function newestMeta(fd: number): Meta | null {
  const first = readMeta(fd, 0);
  const second = readMeta(fd, first?.pageSize ?? 4096);
  if (first === null || second === null) return first ?? second;
  return second.transaction > first.transaction ? second : first;
}

function readMeta(fd: number, position: number): Meta | null {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(fd, page, 0, META_BYTES, position) < META_BYTES) return null;
  if (page.readUInt32LE(META.magic) !== MAGIC) return null;
  const lastPage = page.readBigUInt64LE(META.lastPage);
  if (lastPage > MOST_PAGES) return null;
  return {
    pageSize: page.readUInt32LE(META.pageSize),
    lastPage: Number(lastPage),
    transaction: Number(page.readBigUInt64LE(META.transaction)),
  };
}

function noDatabase(folder: string, reason: string): IiiError {
  return new IiiError('STORE_DAMAGED', `The file ${join(folder, DATA_FILE)} is damaged.`, {
    reason: `${reason} Nothing was changed.`,
    hint: 'Restore the folder from a backup (iii store backup makes one).',
    details: { folder },
  });
}
