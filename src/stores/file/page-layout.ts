/*
 * How LMDB, as the npm package `lmdb` 3 builds it (data version 2, 64 bits, little-endian), lays out
 * its file: `struct MDB_page_header`, `MDB_meta`, `MDB_db`, `MDB_node` and `MDB_ovpage` of its mdb.c.
 */

/** Bytes of a page's header, and where its parts are. */
export const PAGE = {
  bytes: 24,
  number: 0,
  transaction: 8,
  flags: 18,
  lower: 20,
  upper: 22,
  pages: 20,
};

/** Values of a page's flags. */
export const PAGE_KIND = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;

/** Where the two first pages of the file say what it is. */
export const META = {
  bytes: 160,
  magic: 24,
  version: 28,
  pageBytes: 48,
  flags: 52,
  freeTree: 48,
  mainTree: 96,
  lastPage: 144,
  transaction: 152,
};
export const MAGIC = 0xbeefc0de;
export const DATA_VERSION = 2;
/** Keys of the list of free pages are numbers; nothing else is set for our databases. */
export const META_FLAGS = 8;

/** One tree: of the free pages, of the tables' names, or of a table. */
export const TREE = { bytes: 48, flags: 4, depth: 6, entries: 32, root: 40 };

/** One entry of a page. In a branch, `size` and `flags` together are the number of the page below. */
export const NODE = { bytes: 8, size: 0, flags: 4, keyBytes: 6 };
export const NODE_KIND = { record: 0, overflow: 1, tree: 2 } as const;
/** What an entry has instead of its data when that is on pages of its own. */
export const OVERFLOW = { bytes: 24, page: 0, pages: 16 };

/** The longest path from a root to a leaf that LMDB can follow. */
export const MOST_LEVELS = 32;
/** Longer keys would not fit into the buffer that lmdb reads keys with. */
export const MOST_KEY_BYTES = 1978;

const TWO_TO_32 = 2 ** 32;

/** An unsigned 64-bit number; not exact above 2^53, which only damage is. */
export function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_TO_32;
}

/** The root of a tree without records. */
export const NO_PAGE = 2 ** 64;
