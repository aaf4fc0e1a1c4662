import { randomBytes } from 'node:crypto';
import {
  FRAME,
  HEADER_BYTES,
  JOURNAL_TABLES,
  SALT_BYTES,
  sumOf,
  writeHeader,
} from './journal-layout.ts';
import { PlaceIndex } from './place-index.ts';
import type { ChangeVisitor, EncodedChanges } from './record-port.ts';
import { REMOVED } from './record-port.ts';
import type { RecordKey, Table } from './tables.ts';
import { recordAt } from './write-batch.ts';

/** Which bytes of the image have to be written. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/**
 * What one file of the journal has, as it is on disk, and where in it the newest record of each key is.
 * A commit is encoded, written, and then accepted; what was not accepted is overwritten by the next.
 */
export class JournalSegment {
  generation = 0;
  /** No number above this is a key of this turn or of one before it. */
  highest: number;
  /** The same without this turn. */
  #highestBefore: number;
  readonly #usualBytes: number;
  #image: Buffer;
  #end = HEADER_BYTES;
  readonly #salt = Buffer.alloc(SALT_BYTES);
  /** By table: where in the image the record of a key begins, with its length; `REMOVED` without. */
  readonly #places = JOURNAL_TABLES.map(() => new PlaceIndex());

  /**
   * @param bytes that are usually enough
   * @param highest no number above this is a key of the database
   */
  constructor(bytes: number, highest: number) {
    this.#usualBytes = bytes;
    this.highest = highest;
    this.#highestBefore = highest;
    this.#image = Buffer.allocUnsafeSlow(bytes);
  }

  /** Bytes up to the end of the last frame accepted. */
  get bytes(): number {
    return this.#end;
  }

  get image(): Buffer {
    return this.#image;
  }

  /** How many records the database has to change for it. */
  get records(): number {
    return this.#places.reduce((count, { size }) => count + size, 0);
  }

  /**
   * Forgets everything, and begins with a header.
   * @param highest of the turn before
   */
  restart(generation: number, highest: number): void {
    this.generation = generation;
    this.highest = highest;
    this.#highestBefore = highest;
    this.#end = HEADER_BYTES;
    // what one large commit took is not kept for ever
    if (this.#image.length > this.#usualBytes)
      this.#image = Buffer.allocUnsafeSlow(this.#usualBytes);
    for (const places of this.#places) places.restart(highest + 1);
    randomBytes(SALT_BYTES).copy(this.#salt);
    writeHeader(this.#image, { generation, salt: this.#salt });
  }

  /** Puts a frame behind the last one accepted. */
  encode({ bytes }: EncodedChanges, number: number): Extent {
    const from = this.#end;
    const to = from + FRAME.changes + bytes.length;
    this.#grow(to);
    const frame = this.#image.subarray(from, to);
    frame.writeUInt32LE(frame.length, FRAME.bytes);
    this.#salt.copy(frame, FRAME.salt);
    frame.writeDoubleLE(number, FRAME.number);
    bytes.copy(frame, FRAME.changes);
    frame.writeUInt32LE(sumOf(frame), FRAME.crc);
    return { from, to };
  }

  /** Makes the changes that were encoded last what `find` answers. */
  accept(changes: EncodedChanges, { from, to }: Extent): void {
    const start = from + FRAME.changes;
    this.#end = to;
    changes.forEachPlace((table, key, place) => {
      this.#set(table, key, place === REMOVED ? REMOVED : start + place);
    });
  }

  /** The newest record of a key: `null` when it was removed, `undefined` when it was not touched. */
  find(table: Table, key: RecordKey): Buffer | null | undefined {
    const place = this.#places[JOURNAL_TABLES.indexOf(table)]?.get(key);
    return place === undefined ? undefined : this.#recordAt(place);
  }

  /** Visits the newest record of each key, `null` for those that were removed. */
  forEach(visit: ChangeVisitor): void {
    for (const [number, places] of this.#places.entries()) {
      const table = JOURNAL_TABLES[number];
      if (table === undefined) continue;
      places.forEach((key, place) => {
        visit(table, key, this.#recordAt(place));
      });
    }
  }

  #set(table: number, key: RecordKey, place: number): void {
    const places = this.#places[table];
    if (typeof key === 'number' && key > this.#highestBefore) {
      if (place === REMOVED) {
        // what came and went within the turn was never there
        places?.delete(key);
        return;
      }
      if (key > this.highest) this.highest = key;
    }
    places?.set(key, place);
  }

  #recordAt(place: number): Buffer | null {
    return place === REMOVED ? null : recordAt(this.#image, place);
  }

  #grow(bytes: number): void {
    if (bytes <= this.#image.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, this.#image.length * 2));
    this.#image.copy(larger, 0, 0, this.#end);
    this.#image = larger;
  }
}
