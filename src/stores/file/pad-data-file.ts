import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { hasData } from './store-folder.ts';
import { DATA_FILE } from './lmdb-records.ts';

/** Where LMDB keeps what in each of its two first pages. Its header and `MDB_meta`, little-endian. */
const META = { magic: 24, mapSize: 40, pageSize: 48, lastPage: 144, transaction: 152 } as const;
const META_BYTES = 160;
const MAGIC = 0xbeefc0de;
/** A number beyond this is damage, not size. */
const MOST_PAGES = 2n ** 32n;

/**
 * Makes a file that was cut off as long as it says it is. Reading past the end of a mapped file
 * kills the process; reading zeros where a page should be is an ordinary error, and can be told.
 */
export function padDataFile(folder: string): void {
  if (!hasData(folder)) return;
  const fd = openSync(join(folder, DATA_FILE), 'r+');
  try {
    const bytes = usedBytes(fd);
    if (bytes > fstatSync(fd).size) ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

/** Bytes up to the last page of the newer of the two roots; 0 when they cannot be read. */
function usedBytes(fd: number): number {
  const first = readMeta(fd, 0);
  if (first === null) return 0;
  const second = readMeta(fd, first.pageSize);
  const newer = second !== null && second.transaction > first.transaction ? second : first;
  return (newer.lastPage + 1) * first.pageSize;
}

function readMeta(
  fd: number,
  position: number,
): { pageSize: number; lastPage: number; transaction: number } | null {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(fd, page, 0, META_BYTES, position) < META_BYTES) return null;
  if (page.readUInt32LE(META.magic) !== MAGIC) return null;
  if (page.readBigUInt64LE(META.lastPage) > MOST_PAGES) return null;
  return {
    pageSize: page.readUInt32LE(META.pageSize),
    lastPage: Number(page.readBigUInt64LE(META.lastPage)),
    transaction: Number(page.readBigUInt64LE(META.transaction)),
  };
}
