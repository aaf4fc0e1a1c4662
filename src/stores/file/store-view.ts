import { readApplied } from './applied-record.ts';
import { replayOf } from './open-journal.ts';
import type { JournalContent } from './journal-reader.ts';
import { forEachChange, readJournal } from './journal-reader.ts';
import { LmdbRecords } from './lmdb-records.ts';
import type { StoredRecord } from './record-port.ts';
import type { Damage } from './recover.ts';
import type { RecordKey, Table } from './tables.ts';

/** How often a journal is read again whose turn ended meanwhile. */
const TRIES = 100;

type Changes = ReadonlyMap<RecordKey, Buffer | null>;

/** The records of a store with those that only its journal has, read while an engine may write. */
export class StoreView {
  readonly #folder: string;
  readonly #database: LmdbRecords;
  readonly #journal: JournalContent;

  /** @throws whatever LMDB says when the files cannot be used; IiiError STORE_DAMAGED */
  constructor(folder: string) {
    this.#folder = folder;
    this.#database = new LmdbRecords(folder, 'read');
    this.#journal = currentJournal(folder, this.#database);
  }

  /** What is wrong with the journal. */
  get damages(): readonly Damage[] {
    return this.#journal.damages;
  }

  /** All records of a table in the order of their keys. The bytes stay good. */
  *scan(table: Table): Generator<StoredRecord, undefined> {
    const changes = this.#changesOf(table);
    const added: StoredRecord[] = [];
    for (const [key, bytes] of changes) if (bytes !== null) added.push({ key, bytes });
    added.sort((one, other) => (one.key < other.key ? -1 : 1));
    let at = 0;
    for (const { key, bytes } of this.#database.scan(table)) {
      const record = { key, bytes: Buffer.from(bytes) };
      for (let next = added[at]; next !== undefined && next.key < key; next = added[at]) {
        yield next;
        at++;
      }
      if (!changes.has(key)) yield record;
    }
    yield* added.slice(at);
  }

  /** How many records a table has, by its own account. */
  count(table: Table): number {
    let count = this.#database.count(table);
    for (const [key, bytes] of this.#changesOf(table)) {
      if (this.#database.read(table, key) !== undefined) count--;
      if (bytes !== null) count++;
    }
    return count;
  }

  /** Copies the store as it is now; the copy has no journal. */
  async copyTo(folder: string): Promise<void> {
    await this.#database.copyTo(folder);
    const copy = new LmdbRecords(folder, 'write');
    try {
      const { generation } = readApplied(copy, folder);
      // the copy may be newer than the journal that was read before it, and then has all of that
      const turns = this.#journal.turns.filter((turn) => turn.generation > generation);
      await copy.commit(replayOf(turns, turns.at(-1)?.generation ?? generation));
    } finally {
      await copy.close();
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  /** What the journal has of a table and the database has not, at this instant. */
  #changesOf(table: Table): Changes {
    const changes = new Map<RecordKey, Buffer | null>();
    const applied = readApplied(this.#database, this.#folder);
    for (const { generation, frames } of this.#journal.turns) {
      if (generation <= applied.generation) continue;
      for (const frame of frames) {
        forEachChange(frame, (where, key, bytes) => {
          if (where === table) changes.set(key, bytes);
        });
      }
    }
    return changes;
  }
}

/** What a journal has at one instant: while it is read, none of its files may be written anew. */
function currentJournal(folder: string, database: LmdbRecords): JournalContent {
  for (let tries = 1; ; tries++) {
    const before = readApplied(database, folder);
    const journal = readJournal(folder, before);
    database.refresh();
    const after = readApplied(database, folder);
    const isCurrent = before.generation === after.generation && before.isClosed === after.isClosed;
    if (isCurrent || tries === TRIES) return journal;
  }
}
