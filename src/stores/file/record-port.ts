import type { RecordKey, Table } from './tables.ts';

export interface StoredRecord {
  readonly key: RecordKey;
  readonly bytes: Buffer;
}

/** Given each change; `null` for a removal. */
export type ChangeVisitor = (table: Table, key: RecordKey, value: Buffer | null) => void;

/** Writes that take place together, in this order, or not at all. */
export interface Changes {
  /** The bytes that are given are good until the commit has ended. */
  forEach(visit: ChangeVisitor): void;
}

/** Changes in the form in which a journal has them. */
export interface EncodedChanges extends Changes {
  /** All of them, as they stand in a frame; good until the commit has ended. */
  readonly bytes: Buffer;

  /**
   * Visits each change with the number of its table and where in `bytes` its record begins, with its
   * length: `REMOVED` for a removal.
   */
  forEachPlace(visit: (table: number, key: RecordKey, place: number) => void): void;
}

/** Where there is no record. */
export const REMOVED = -1;

/** What the file store needs of a database: ordered tables of bytes, and atomic durable batches. */
export interface RecordPort {
  /** The record under a key. The bytes are only good until the next read. */
  read(table: Table, key: RecordKey): Buffer | undefined;

  /** All records of a table in the order of their keys. The bytes are only good until the next read. */
  scan(table: Table): Iterable<StoredRecord>;

  /** How many records a table has, by its own account: a scan that finds fewer has lost some. */
  count(table: Table): number;

  /**
   * Writes changes, all or nothing. Resolves when the disk has confirmed it; rejects with a
   * `CommitFailure` when nothing of it took place. Not called again before it is done.
   */
  commit(changes: EncodedChanges): Promise<void>;

  /**
   * Writes changes without waiting for the disk: the end of this process loses nothing of them, and the
   * next commit brings them to disk. `false` when that cannot be done now: then they have to be committed.
   */
  note?(changes: EncodedChanges): boolean;

  /** Lets go of the memory that reading many records took. Nothing is read or written meanwhile. */
  rest?(): Promise<void>;

  /** Whether there is room for more jobs, with enough left over to go on with those that are there. */
  hasRoom(): boolean;

  close(): Promise<void>;
}
