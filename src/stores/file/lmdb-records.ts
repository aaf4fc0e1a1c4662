import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { messageOf } from '../../base/errors.ts';
import { CommitFailure } from './commit-failure.ts';
import { DATA_FILE } from './data-file.ts';
import { codeOf, GIVEN_UP } from './error-code.ts';
import { OpenFile } from './open-file.ts';
import type { Changes, RecordPort, StoredRecord } from './record-port.ts';
import type { RecordKey, Table } from './tables.ts';
import { TABLES } from './tables.ts';

/** Address space for the file; not memory, and not disk. LMDB grows it when it is too small. */
const MAP_BYTES = 2 ** 40;
const FILE_MODE = 0o600;

/**
 * One transaction at a time, written by a thread: data pages, fdatasync, then the page that makes
 * them current through a descriptor opened with O_DSYNC. `overlappingSync` would report a
 * transaction before that; `eventTurnBatching` would hold it back.
 */
const DURABILITY = { overlappingSync: false, eventTurnBatching: false };

/** LMDB's failures for want of room. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'MDB_MAP_FULL']);

/** After so many in a row it is not that. */
const MOST_GIVEN_UP = 3;

/** A disk with less room than this, or than this share of it, is full. */
const ROOM_BYTES = 16 * 1024 * 1024;
const ROOM_SHARE = 0.02;

/**
 * A scan gives the bytes of a record where lmdb has them: a copy of each took a third of a start with a
 * million dead jobs. The option is documented, and missing in the types.
 */
const IN_PLACE = {
  encoder: {
    encode: (bytes: Buffer): Buffer => bytes,
    decode: (bytes: Buffer, length: number): Buffer => bytes.subarray(0, length),
  },
};

type Tables = Readonly<Record<Table, Database<Buffer, RecordKey>>>;

interface Environment {
  readonly root: RootDatabase<Buffer, RecordKey>;
  readonly tables: Tables;
}

/** The records of a folder in one LMDB environment. */
export class LmdbRecords implements RecordPort {
  readonly #folder: string;
  readonly #mode: 'write' | 'read';
  readonly #file: OpenFile;
  #environment: Environment;
  #mustReopen = false;
  #givenUp = 0;

  /** @throws whatever LMDB says when the files cannot be used */
  constructor(folder: string, mode: 'write' | 'read') {
    this.#folder = folder;
    this.#mode = mode;
    this.#environment = openEnvironment(folder, mode);
    this.#file = new OpenFile(join(folder, DATA_FILE));
  }

  read(table: Table, key: RecordKey): Buffer | undefined {
    const bytes = this.#environment.tables[table].getBinaryFast(key);
    // lmdb's buffer is larger than its `length` says, and only some methods go by that
    return bytes?.subarray(0, bytes.length);
  }

  scan(table: Table): Iterable<StoredRecord> {
    const range = this.#environment.tables[table].getRange();
    return range.map(({ key, value }) => ({ key, bytes: value }));
  }

  count(table: Table): number {
    return (this.#environment.tables[table].getStats() as { entryCount: number }).entryCount;
  }

  /** The highest key of a table whose keys are numbers; 0 for an empty one. */
  lastNumberOf(table: Table): number {
    const [last] = this.#environment.tables[table].getKeys({ reverse: true, limit: 1 });
    return Number(last ?? 0);
  }

  async commit(changes: Changes): Promise<void> {
    if (this.#mustReopen) await this.#reopen();
    const { root, tables } = this.#environment;
    try {
      await root.batch(() => {
        changes.forEach((table, key, value) => {
          if (value === null) void tables[table].remove(key);
          else void tables[table].put(key, value);
        });
      });
    } catch (thrown) {
      throw this.#failureOf(await causeOf(thrown));
    }
    this.#givenUp = 0;
    this.#file.check();
  }

  /** As `commit`, while nobody reads: what was given up is tried again at once. */
  async commitAlone(changes: Changes): Promise<void> {
    for (;;) {
      try {
        await this.commit(changes);
        return;
      } catch (thrown) {
        const mayPass = thrown instanceof CommitFailure && !thrown.fatal;
        if (!mayPass || thrown.code !== GIVEN_UP) throw thrown;
      }
    }
  }

  /** Lets the next read see what others have written meanwhile. */
  refresh(): void {
    this.#environment.root.resetReadTxn();
  }

  async rest(): Promise<void> {
    await this.#reopen();
  }

  hasRoom(): boolean {
    const { bavail, blocks, bsize } = statfsSync(this.#folder);
    return bavail * bsize >= Math.min(ROOM_BYTES, blocks * bsize * ROOM_SHARE);
  }

  /** Copies the store as it is now, while others read and write. */
  async copyTo(folder: string): Promise<void> {
    await this.#environment.root.backup(folder, true);
  }

  async close(): Promise<void> {
    await this.#environment.root.close();
  }

  /**
   * A full disk, or giving up, leaves the last transaction as it was: a failed one wrote only to pages
   * that nothing refers to, and the next one writes its own pages again. Any other failure may mean that
   * what was synced before is not what can be read now.
   */
  #failureOf(cause: unknown): CommitFailure {
    const code = codeOf(cause);
    if (code === GIVEN_UP && this.#givenUp < MOST_GIVEN_UP) {
      this.#givenUp += 1;
      this.#mustReopen = true;
      return new CommitFailure(messageOf(cause), code, false, cause);
    }
    // a write that was cut short is reported as EIO
    const isFull = FULL.has(code) || (code === 'EIO' && !this.hasRoom());
    if (!isFull) return new CommitFailure(messageOf(cause), code, true, cause);
    this.#mustReopen = true;
    return new CommitFailure(messageOf(cause), code === 'EIO' ? 'ENOSPC' : code, false, cause);
  }

  /** After some failures LMDB takes no more transactions, and lmdb then never says so. */
  async #reopen(): Promise<void> {
    const { root } = this.#environment;
    const transaction = lastTransaction(root);
    await root.close();
    this.#environment = openEnvironment(this.#folder, this.#mode);
    this.#mustReopen = false;
    if (lastTransaction(this.#environment.root) === transaction) return;
    throw new CommitFailure('a failed write took place after all', 'EIO', true);
  }
}

function openEnvironment(folder: string, mode: 'write' | 'read'): Environment {
  const options = {
    ...(mode === 'write' ? DURABILITY : {}),
    path: folder,
    encoding: 'binary' as const,
    noSubdir: false,
    readOnly: mode === 'read',
    mapSize: MAP_BYTES,
    maxDbs: TABLES.length,
    permissionsMode: FILE_MODE,
  };
  const root = open<Buffer, RecordKey>(options);
  const openTables = (): Tables => {
    const entries = TABLES.map((name) => [name, root.openDB({ name, ...IN_PLACE })]);
    return Object.fromEntries(entries) as Tables;
  };
  // one transaction makes all that are missing
  const tables = mode === 'write' ? root.transactionSync(openTables) : openTables();
  return { root, tables };
}

function lastTransaction(root: RootDatabase): unknown {
  return (root.getStats() as { lastTxnId?: number }).lastTxnId;
}

/** lmdb rejects with an error that carries a promise of the real one. */
async function causeOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown;
  return Promise.resolve(thrown.commitError).catch((error: unknown) => error);
}
