import { crc32 } from 'node:zlib';
import type { RecordKey, Table } from './tables.ts';

/*
 * A journal is two files that take turns. Each begins with a header:
 *
 *   mark (4), version (4), generation (8), salt (8), CRC-32 of these (4)
 *
 * and goes on with frames, one for each commit:
 *
 *   bytes of the frame (4), CRC-32 of the rest (4), salt (8), number (8), changes
 *
 * A change is a table with flags (1), a key, and the record unless it was removed. A file is written
 * again from its start when all of it is in the database, so frames of an earlier turn may follow the
 * last one: they have another salt, which nobody can put into a payload because it is drawn at random.
 * Numbers are little-endian.
 */

const MARK = 0x4a696969;
const VERSION = 1;
export const SALT_BYTES = 8;
const SALT_AT = 16;
export const HEADER_BYTES = SALT_AT + SALT_BYTES + 4;
export const HEADER_EXTENT = { from: 0, to: HEADER_BYTES } as const;

export const FRAME = { bytes: 0, crc: 4, salt: 8, number: 16, changes: 24 } as const;

/** Flags beside a change's table. */
export const CHANGE = { table: 0x0f, textKey: 0x10, removal: 0x20 } as const;

/** The tables by their number in a journal: only ever add to the end. */
export const JOURNAL_TABLES: readonly Table[] = [
  'jobs',
  'states',
  'queues',
  'values',
  'aside',
  'store',
];

/** Where the database keeps, in the table `store`, up to which generation it has everything. */
export const APPLIED_KEY: RecordKey = 'journal';

export interface JournalHeader {
  /** Grows by one with each turn; its parity says which file. */
  readonly generation: number;
  readonly salt: Buffer;
}

/** The name of the file in which a generation is kept. */
export function journalFileOf(generation: number): string {
  return `journal.${generation % 2}`;
}

export function writeHeader(into: Buffer, { generation, salt }: JournalHeader): void {
  into.writeUInt32LE(MARK, 0);
  into.writeUInt32LE(VERSION, 4);
  into.writeDoubleLE(generation, 8);
  salt.copy(into, SALT_AT);
  into.writeUInt32LE(crc32(into.subarray(0, SALT_AT + SALT_BYTES)), SALT_AT + SALT_BYTES);
}

/** The header of a file; `null` when it does not begin with one. */
export function readHeader(bytes: Buffer): JournalHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const isWhole =
    bytes.readUInt32LE(0) === MARK &&
    bytes.readUInt32LE(4) === VERSION &&
    bytes.readUInt32LE(SALT_AT + SALT_BYTES) === crc32(bytes.subarray(0, SALT_AT + SALT_BYTES));
  if (!isWhole) return null;
  return {
    generation: bytes.readDoubleLE(8),
    salt: bytes.subarray(SALT_AT, SALT_AT + SALT_BYTES),
  };
}

/** What the CRC-32 of a frame covers. */
export function sumOf(frame: Buffer): number {
  return crc32(frame.subarray(FRAME.salt));
}
