import { crc32 } from 'node:zlib';

/** First byte of every record. Grows with every change of a record's layout. */
export const RECORD_VERSION = 1;
/** Bytes before the body: version, then the CRC-32 of both. */
export const FRAME_BYTES = 5;
/** The lowest bit of a text's length: set when it is UTF-16, as texts with lone surrogates are. */
export const UTF16_FLAG = 1;

const SLAB_BYTES = 1024 * 1024;
/** Texts up to this many characters are given room for the worst case instead of being measured. */
const MEASURED_LENGTH = 1024;
const WORST_BYTES_PER_CHARACTER = 3;
const LENGTH_BYTES = 4;

/** Bytes a text takes at most. */
export function textRoom(text: string): number {
  const room =
    text.length <= MEASURED_LENGTH
      ? text.length * WORST_BYTES_PER_CHARACTER
      : Math.max(Buffer.byteLength(text), text.length * 2);
  return LENGTH_BYTES + room;
}

/**
 * Writes records one after the other into large blocks of memory. Numbers are little-endian. A
 * record is good until `reset`.
 */
export class RecordWriter {
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #start = 0;
  #at = 0;

  /** Begins a record whose body takes at most `room` bytes. */
  begin(room: number): void {
    const needed = FRAME_BYTES + room;
    if (this.#at + needed > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, needed));
      this.#at = 0;
    }
    this.#start = this.#at;
    this.#at += FRAME_BYTES;
  }

  byte(value: number): void {
    this.#at = this.#slab.writeUInt8(value, this.#at);
  }

  count(value: number): void {
    this.#at = this.#slab.writeUInt32LE(value, this.#at);
  }

  /** A 32-bit word, most significant byte first. */
  bigEndian(value: number): void {
    this.#at = this.#slab.writeUInt32BE(value, this.#at);
  }

  number(value: number): void {
    this.#at = this.#slab.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    const body = this.#at + LENGTH_BYTES;
    // UTF-8 has no form for half a pair, which a JavaScript string may hold
    const isUtf8 = value.isWellFormed();
    const bytes = this.#slab.write(value, body, isUtf8 ? 'utf8' : 'utf16le');
    this.#slab.writeUInt32LE(bytes * 2 + (isUtf8 ? 0 : UTF16_FLAG), this.#at);
    this.#at = body + bytes;
  }

  /** Ends the record and gives its bytes. */
  end(): Buffer {
    const slab = this.#slab;
    slab[this.#start] = RECORD_VERSION;
    const body = slab.subarray(this.#start + FRAME_BYTES, this.#at);
    slab.writeUInt32LE(crc32(body, RECORD_VERSION), this.#start + 1);
    return slab.subarray(this.#start, this.#at);
  }

  /** Uses the memory again: every record written so far is gone. */
  reset(): void {
    if (this.#slab.length > SLAB_BYTES) this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#at = 0;
  }
}
