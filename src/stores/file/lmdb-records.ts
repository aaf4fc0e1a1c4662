import { statSync } from 'node:fs';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { Database, RootDatabase } from 'lmdb';
import { open } from 'lmdb';
import { messageOf } from '../../base/errors.ts';
import { CommitFailure } from './commit-failure.ts';
import type { RecordKey, RecordPort, StoredRecord, Table } from './record-port.ts';
import { TABLES } from './record-port.ts';
import type { WriteBatch } from './write-batch.ts';

export const DATA_FILE = 'data.mdb';

/** Address space for the file; not memory, and not disk. LMDB grows it when it is too small. */
const MAP_BYTES = 2 ** 40;
const FILE_MODE = 0o600;

/**
 * One transaction at a time, written by a thread: data pages, fdatasync, then the page that makes
 * them current through a descriptor opened with O_DSYNC. `overlappingSync` would report a
 * transaction before that; `eventTurnBatching` would hold it back.
 */
const DURABILITY = { overlappingSync: false, eventTurnBatching: false };

type Tables = Readonly<Record<Table, Database<Buffer, RecordKey>>>;

/** What of LMDB's failures leaves the files as they were: no room for a page. */
const HARMLESS = new Set(['ENOSPC', 'EDQUOT', 'MDB_MAP_FULL']);

/** The records of a folder in one LMDB environment. */
export class LmdbRecords implements RecordPort {
  readonly #file: string;
  readonly #root: RootDatabase<Buffer, RecordKey>;
  readonly #tables: Tables;
  /** Which file is open, by device and number. */
  readonly #identity: string;

  /** @throws whatever LMDB says when the files cannot be used */
  constructor(folder: string, mode: 'write' | 'read') {
    this.#file = join(folder, DATA_FILE);
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
    this.#root = open<Buffer, RecordKey>(options);
    const openTables = (): Tables => {
      const entries = TABLES.map((name) => [name, this.#root.openDB({ name, encoding: 'binary' })]);
      return Object.fromEntries(entries) as Tables;
    };
    // one transaction makes all that are missing
    this.#tables = mode === 'write' ? this.#root.transactionSync(openTables) : openTables();
    this.#identity = identityOf(this.#file);
  }

  read(table: Table, key: RecordKey): Buffer | undefined {
    return this.#tables[table].getBinaryFast(key);
  }

  scan(table: Table): Iterable<StoredRecord> {
    return this.#tables[table].getRange().map(({ key, value }) => ({ key, bytes: value }));
  }

  async commit(batch: WriteBatch): Promise<void> {
    const tables = this.#tables;
    try {
      await this.#root.batch(() => {
        batch.forEach((table, key, value) => {
          if (value === null) void tables[table].remove(key);
          else void tables[table].put(key, value);
        });
      });
    } catch (thrown) {
      throw await failureOf(thrown);
    }
    this.#checkFile();
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** Writing to a file that was deleted succeeds, and keeps nothing. */
  #checkFile(): void {
    if (identityOf(this.#file) === this.#identity) return;
    throw new CommitFailure(`${DATA_FILE} was removed or replaced`, 'ENOENT', true);
  }
}

function identityOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`;
}

/** lmdb rejects with an error that carries a promise of the real one. */
async function failureOf(thrown: unknown): Promise<CommitFailure> {
  let cause = thrown;
  if (thrown instanceof Error && 'commitError' in thrown) {
    cause = await Promise.resolve(thrown.commitError).catch((error: unknown) => error);
  }
  const code = codeOf(cause);
  return new CommitFailure(messageOf(cause), code, !HARMLESS.has(code), cause);
}

/** The name of the system error or of LMDB's own. */
function codeOf(cause: unknown): string {
  const name = /^MDB_\w+/.exec(messageOf(cause));
  if (name !== null) return name[0];
  const number = cause instanceof Error && 'code' in cause ? Number(cause.code) : Number.NaN;
  return getSystemErrorMap().get(-number)?.[0] ?? 'UNKNOWN';
}
