import { CHANGE, JOURNAL_TABLES } from './journal-layout.ts';
import type { ChangeVisitor, EncodedChanges } from './record-port.ts';
import { REMOVED } from './record-port.ts';
import { LENGTH_BYTES, RecordWriter } from './record-writer.ts';
import type { RecordKey, Table } from './tables.ts';

/** Of a change before its record: the table with flags, and a number as the key. */
const NUMBERED_BYTES = 1 + 8;
/** What one large batch took is not kept for ever. */
const KEPT_CHANGES = 10_000;

/** Writes that take place together, in the order in which they were added, or not at all. */
export class WriteBatch implements EncodedChanges {
  readonly #writer = new RecordWriter();
  /** Of each change; what is beyond `#size` is left from an earlier use. */
  #tables: number[] = [];
  #keys: RecordKey[] = [];
  #places: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): Buffer {
    return this.#writer.written;
  }

  /** Begins a change: the record is the one that is written next. */
  begin(table: Table, key: RecordKey): RecordWriter {
    this.#add(table, key, 0);
    this.#places[this.#size - 1] = this.#writer.length;
    return this.#writer;
  }

  put(table: Table, key: RecordKey, record: Buffer): void {
    const writer = this.begin(table, key);
    writer.reserve(LENGTH_BYTES + record.length);
    writer.copy(record);
  }

  /** Removing what is not there is no error. */
  remove(table: Table, key: RecordKey): void {
    this.#add(table, key, CHANGE.removal);
    this.#places[this.#size - 1] = REMOVED;
  }

  forEachPlace(visit: (table: number, key: RecordKey, place: number) => void): void {
    for (let at = 0; at < this.#size; at++) {
      visit(this.#tables[at] ?? 0, this.#keys[at] ?? 0, this.#places[at] ?? REMOVED);
    }
  }

  forEach(visit: ChangeVisitor): void {
    const { bytes } = this;
    this.forEachPlace((number, key, place) => {
      const table = JOURNAL_TABLES[number];
      if (table !== undefined) visit(table, key, place === REMOVED ? null : recordAt(bytes, place));
    });
  }

  /** Empties it for the next use. */
  reset(): void {
    this.#writer.reset();
    // arrays that were emptied would grow anew with every commit
    if (this.#size > KEPT_CHANGES) {
      this.#tables = [];
      this.#keys = [];
      this.#places = [];
    }
    this.#size = 0;
  }

  #add(table: Table, key: RecordKey, flags: number): void {
    const writer = this.#writer;
    const number = JOURNAL_TABLES.indexOf(table);
    if (typeof key === 'number') {
      writer.reserve(NUMBERED_BYTES);
      writer.byte(number | flags);
      writer.number(key);
    } else {
      const text = Buffer.from(key);
      writer.reserve(1 + LENGTH_BYTES + text.length);
      writer.byte(number | flags | CHANGE.textKey);
      writer.copy(text);
    }
    this.#tables[this.#size] = number;
    this.#keys[this.#size] = key;
    this.#size += 1;
  }
}

/** The record that begins with its length at a place. */
export function recordAt(bytes: Buffer, place: number): Buffer {
  const start = place + LENGTH_BYTES;
  return bytes.subarray(start, start + bytes.readUInt32LE(place));
}
