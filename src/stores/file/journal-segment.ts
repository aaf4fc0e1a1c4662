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
 *
 * What is only noted is a frame too, which the next commit writes again with its own changes behind, so
 * that no write ever has more than one frame: of two, a power cut might keep the second one only.
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
  /** The end of the frame that was noted there; 0 without one. */
  #notedEnd = 0;
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
    this.#notedEnd = 0;
    // what one large commit took is not kept for ever
    if (this.#image.length > this.#usualBytes)
      this.#image = Buffer.allocUnsafeSlow(this.#usualBytes);
    for (const places of this.#places) places.restart(highest + 1);
    randomBytes(SALT_BYTES).copy(this.#salt);
    writeHeader(this.#image, { generation, salt: this.#salt });
  }

  /** Puts a frame behind the last one accepted. It begins with what was noted there. */
  encode({ bytes }: EncodedChanges, number: number): Extent {
    const from = this.#end;
    const start = this.#notedEnd === 0 ? from + FRAME.changes : this.#notedEnd;
    const to = start + bytes.length;
    this.#grow(to);
    bytes.copy(this.#image, start);
    const frame = this.#image.subarray(from, to);
    frame.writeUInt32LE(frame.length, FRAME.bytes);
    this.#salt.copy(frame, FRAME.salt);
    frame.writeDoubleLE(number, FRAME.number);
    frame.writeUInt32LE(sumOf(frame), FRAME.crc);
    return { from, to };
  }

  /** Makes the changes that were encoded last what `find` answers. */
  accept(changes: EncodedChanges, { to }: Extent): void {
    this.#setPlaces(changes, to);
    this.#end = to;
    this.#notedEnd = 0;
  }

  /** The same for changes that were written, and may not be on disk. */
  acceptNoted(changes: EncodedChanges, { to }: Extent): void {
    this.#setPlaces(changes, to);
    this.#notedEnd = to;
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

  /** `end`: where the changes end in the image. */
  #setPlaces(changes: EncodedChanges, end: number): void {
    const start = end - changes.bytes.length;
    changes.forEachPlace((table, key, place) => {
      this.#set(table, key, place === REMOVED ? REMOVED : start + place);
    });
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
    this.#image.copy(larger, 0, 0, Math.max(this.#end, this.#notedEnd));
    this.#image = larger;
  }
}
