import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import type { Snapshot } from './check-pages.ts';
import { checkPages } from './check-pages.ts';
import { PageDamage, PageFile } from './page-file.ts';
import {
  DATA_VERSION,
  MAGIC,
  META,
  META_FLAGS,
  PAGE,
  PAGE_KIND,
  readNumber,
  TREE,
} from './page-layout.ts';

/** The database file of a store. */
export const DATA_FILE = 'data.mdb';

/** A number beyond this is damage, not size. */
const MOST_PAGES = 2 ** 32;
const PAGE_BYTES: ReadonlySet<number> = new Set([512, 1024, 2048, 4096, 8192, 16384, 32768]);

/**
 * Makes sure that the database file of a store can be opened. Without one LMDB would make an empty
 * one, and a damaged one can make it end the process. Only reads; nobody may write meanwhile.
 * @throws IiiError STORE_DAMAGED that says where
 */
export function checkDataFile(folder: string): void {
  const fd = openData(folder);
  try {
    const { meta, pageBytes } = newestMeta(fd);
    checkPages(new PageFile(fd, pageBytes), meta);
  } catch (thrown) {
    if (!(thrown instanceof PageDamage)) throw thrown;
    throw damagedAt(folder, thrown);
  } finally {
    closeSync(fd);
  }
}

function openData(folder: string): number {
  try {
    return openSync(join(folder, DATA_FILE), 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    throw damaged(folder, 'It is missing, although the folder is a store.', {});
  }
}

/**
 * The page that LMDB opens a file with: the newer of the two first ones, by the numbers of their
 * transactions alone. These take turns, so the other one is of the transaction before, or was never
 * written; anything else is damage that would bring back an old state.
 */
function newestMeta(fd: number): { readonly meta: Snapshot; readonly pageBytes: number } {
  const first = readMeta(fd, 0, 0);
  const pageBytes = first.meta.readUInt32LE(META.pageBytes);
  const second = readMeta(fd, 1, pageBytes);
  const [older, newer] = second.transaction > first.transaction ? [first, second] : [second, first];
  const isTurn = newer.transaction === older.transaction + 1 || older.transaction === 0;
  if (isTurn && (newer.transaction === 0 || newer.transaction % 2 === newer.metaPage)) {
    return { meta: newer, pageBytes };
  }
  throw new PageDamage(
    older.metaPage,
    `it is of transaction ${older.transaction}, and the other one of ${newer.transaction}`,
  );
}

function readMeta(fd: number, metaPage: number, at: number): Snapshot {
  const meta = Buffer.alloc(META.bytes);
  if (readSync(fd, meta, 0, META.bytes, at) < META.bytes) {
    throw new PageDamage(metaPage, 'the file ends before it does');
  }
  const lastPage = readNumber(meta, META.lastPage);
  const isMeta =
    readNumber(meta, PAGE.number) === metaPage &&
    meta.readUInt16LE(PAGE.flags) === PAGE_KIND.meta &&
    meta.readUInt32LE(META.magic) === MAGIC &&
    (meta.readUInt32LE(META.version) & 0xffff) === DATA_VERSION &&
    meta.readUInt16LE(META.flags) === META_FLAGS &&
    meta.readUInt16LE(META.mainTree + TREE.flags) === 0 &&
    PAGE_BYTES.has(meta.readUInt32LE(META.pageBytes)) &&
    (at === 0 || meta.readUInt32LE(META.pageBytes) === at) &&
    lastPage >= 1 &&
    lastPage <= MOST_PAGES;
  if (!isMeta) throw new PageDamage(metaPage, 'it does not begin a database of this version');
  return { meta, metaPage, lastPage, transaction: readNumber(meta, META.transaction) };
}

function damagedAt(folder: string, { page, message }: PageDamage): IiiError {
  return damaged(folder, `Page ${page}: ${message}.`, { page });
}

function damaged(folder: string, what: string, where: { readonly page?: number }): IiiError {
  return new IiiError('STORE_DAMAGED', `The file ${join(folder, DATA_FILE)} is damaged.`, {
    reason: `${what} Nothing was changed.`,
    hint: `iii store verify ${folder} looks again and changes nothing. Restore the folder from a backup (iii store backup makes one).`,
    details: { folder, ...where },
  });
}
