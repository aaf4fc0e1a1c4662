import { encodeApplied } from './applied-record.ts';
import type { CommitFailure } from './commit-failure.ts';
import { failureOf } from './commit-failure.ts';
import { JournalFile } from './journal-file.ts';
import { APPLIED_KEY, HEADER_EXTENT, journalFileOf } from './journal-layout.ts';
import { JournalSegment } from './journal-segment.ts';
import type { LmdbRecords } from './lmdb-records.ts';
import type { Changes, EncodedChanges, RecordPort, StoredRecord } from './record-port.ts';
import { syncFolder } from './store-folder.ts';
import type { RecordKey, Table } from './tables.ts';

/** Room for the commits that come while a turn ends. */
const SPARE_BYTES = 256 * 1024;
/**
 * A turn ends as well when it has changed so many records of the database: all of them go there in one
 * transaction, and the event loop stands still while they are handed over, some 20 ms.
 */
const TURN_RECORDS = 7_000;
/** The next commit writes again what was noted: it should not be much. */
const MOST_NOTED_BYTES = 64 * 1024;

export interface JournaledRecordsParts {
  readonly folder: string;
  readonly database: LmdbRecords;
  /** How much a file of the journal has at most when the other one takes its turn. */
  readonly turnBytes: number;
  /** The number of the last frame; the database has all of them. */
  readonly lastNumber: number;
}

/**
 * The records of a folder: a database, and a journal in front of it. A commit is one write to the end
 * of the journal. What has collected there goes into the database from time to time, in one
 * transaction, and much of it never has to: a job that has ended by then leaves only its end.
 */
export class JournaledRecords implements RecordPort {
  readonly #folder: string;
  readonly #turnBytes: number;
  readonly #database: LmdbRecords;
  /** By the parity of their generation. */
  readonly #files: readonly [JournalFile, JournalFile];
  /** Takes the commits. */
  #active: JournalSegment;
  /** Has to go into the database, or is on its way. */
  #leaving: JournalSegment | undefined;
  #idle: JournalSegment;
  #transfer: Promise<unknown> | undefined;
  /** Bytes of the active segment at which its turn ends. */
  #turnAt: number;
  #turnRecords = TURN_RECORDS;
  /** The number of the last frame. */
  #number: number;
  #broken: CommitFailure | undefined;
  /** Why the database does not take what is leaving, which may pass. */
  #stalled: CommitFailure | undefined;
  #isToldOfStall = false;

  constructor({ folder, database, turnBytes, lastNumber }: JournaledRecordsParts) {
    this.#folder = folder;
    this.#database = database;
    this.#turnBytes = turnBytes;
    this.#turnAt = turnBytes;
    const highest = Math.max(database.lastNumberOf('jobs'), database.lastNumberOf('states'));
    this.#active = new JournalSegment(turnBytes + SPARE_BYTES, highest);
    this.#idle = new JournalSegment(turnBytes + SPARE_BYTES, highest);
    this.#number = lastNumber;
    this.#files = [
      new JournalFile(folder, journalFileOf(0)),
      new JournalFile(folder, journalFileOf(1)),
    ];
  }

  /** Begins the turn after the one that the database has. Before this, nothing can be committed. */
  async begin(applied: number): Promise<void> {
    this.#active.restart(applied + 1, this.#active.highest);
    await this.#writeHeader(this.#active);
    syncFolder(this.#folder);
    const record = encodeApplied({ generation: applied, isClosed: false });
    await this.#database.commitAlone({ forEach: (visit) => visit('store', APPLIED_KEY, record) });
  }

  read(table: Table, key: RecordKey): Buffer | undefined {
    const active = this.#active.find(table, key);
    if (active !== undefined) return active ?? undefined;
    const leaving = this.#leaving?.find(table, key);
    if (leaving !== undefined) return leaving ?? undefined;
    return this.#database.read(table, key);
  }

  scan(table: Table): Iterable<StoredRecord> {
    return this.#database.scan(table);
  }

  count(table: Table): number {
    return this.#database.count(table);
  }

  async commit(changes: EncodedChanges): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#stalled !== undefined) await this.#resume(this.#stalled);
    const active = this.#active;
    const extent = active.encode(changes, this.#number + 1);
    try {
      await this.#fileOf(active).write(active.image, extent);
    } catch (thrown) {
      throw this.#noted(thrown);
    }
    this.#number += 1;
    active.accept(changes, extent);
    if (active.bytes >= this.#turnAt || active.records >= this.#turnRecords) await this.#endTurn();
  }

  note(changes: EncodedChanges): boolean {
    if (this.#broken !== undefined || this.#stalled !== undefined) return false;
    const active = this.#active;
    const extent = active.encode(changes, this.#number + 1);
    if (extent.to - extent.from > MOST_NOTED_BYTES) return false;
    if (!this.#fileOf(active).note(active.image, extent)) return false;
    active.acceptNoted(changes, extent);
    return true;
  }

  async rest(): Promise<void> {
    await this.#database.rest();
  }

  hasRoom(): boolean {
    return this.#database.hasRoom();
  }

  /** Leaves everything in the database, and no journal, when the disk lets it. */
  async close(): Promise<void> {
    await this.#transfer;
    const isDone = this.#broken === undefined && (await this.#transferAll());
    for (const file of this.#files) {
      if (isDone) file.remove();
      else file.close();
    }
    await this.#database.close();
  }

  /**
   * Tries again to bring what is leaving into the database, whose reopening takes a moment in which
   * nothing can be read. So the first to come is refused without, and reads no more until this ends.
   */
  async #resume(failure: CommitFailure): Promise<void> {
    const leaving = this.#leaving;
    if (!this.#isToldOfStall || leaving === undefined) {
      this.#isToldOfStall = true;
      throw failure;
    }
    if (!(await this.#transferOf(leaving, false))) throw this.#broken ?? this.#stalled ?? failure;
    this.#stalled = undefined;
    this.#isToldOfStall = false;
  }

  /** Lets the other file take its turn, unless what that one has is still on its way. */
  async #endTurn(): Promise<void> {
    if (this.#leaving !== undefined) return;
    const leaving = await this.#passOn();
    if (leaving === undefined) return;
    this.#transfer = this.#transferOf(leaving, false).finally(() => {
      this.#transfer = undefined;
    });
  }

  /** Makes the next segment the active one. Answers the one before; `undefined` when it has to go on. */
  async #passOn(): Promise<JournalSegment | undefined> {
    const before = this.#active;
    const next = this.#idle;
    next.restart(before.generation + 1, before.highest);
    try {
      await this.#writeHeader(next);
    } catch (thrown) {
      // the commit that came before took place: only the next one is told
      this.#noted(thrown);
      this.#turnAt = before.bytes + this.#turnBytes;
      this.#turnRecords = before.records + TURN_RECORDS;
      return undefined;
    }
    this.#turnAt = this.#turnBytes;
    this.#turnRecords = TURN_RECORDS;
    this.#active = next;
    this.#leaving = before;
    return before;
  }

  /** Answers whether the segment is in the database. */
  async #transferOf(segment: JournalSegment, isClosed: boolean): Promise<boolean> {
    try {
      await this.#database.commit(this.#changesOf(segment, isClosed));
    } catch (thrown) {
      this.#stalled = this.#noted(thrown);
      return false;
    }
    if (segment === this.#leaving) {
      this.#leaving = undefined;
      this.#idle = segment;
    }
    return true;
  }

  #changesOf(segment: JournalSegment, isClosed: boolean): Changes {
    const { generation } = segment;
    return {
      forEach: (visit) => {
        segment.forEach(visit);
        visit('store', APPLIED_KEY, encodeApplied({ generation, isClosed }));
      },
    };
  }

  async #transferAll(): Promise<boolean> {
    const leaving = this.#leaving;
    if (leaving !== undefined && !(await this.#transferOf(leaving, false))) return false;
    return this.#transferOf(this.#active, true);
  }

  async #writeHeader(segment: JournalSegment): Promise<void> {
    await this.#fileOf(segment).write(segment.image, HEADER_EXTENT);
  }

  #fileOf({ generation }: JournalSegment): JournalFile {
    return this.#files[generation % 2 === 0 ? 0 : 1];
  }

  /** Nothing is written any more after a failure that leaves in doubt what is on disk. */
  #noted(thrown: unknown): CommitFailure {
    const failure = failureOf(thrown);
    if (failure.fatal) this.#broken = failure;
    return failure;
  }
}
