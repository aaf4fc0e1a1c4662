import { crc32 } from 'node:zlib';

/** Bytes before the body: version, then the CRC-32 of both. */
export const FRAME_BYTES = 5;
/** First byte of every record. Grows with every change of a record's layout. */
export const RECORD_VERSION = 1;
/** The lowest bit of a text's length: set when it is UTF-16, as texts with lone surrogates are. */
export const UTF16_FLAG = 1;

const SLAB_BYTES = 1024 * 1024;
/** Texts up to this many characters are given room for the worst case instead of being measured. */
const MEASURED_LENGTH = 1024;
const WORST_BYTES_PER_CHARACTER = 3;
const LENGTH_BYTES = 4;
const MOST_ASCII = 0x7f;

/** Bytes a text takes at most. */
export function textRoom(text: string): number {
  const room =
    text.length <= MEASURED_LENGTH
      ? text.length * WORST_BYTES_PER_CHARACTER
      : Math.max(Buffer.byteLength(text), text.length * 2);
  return LENGTH_BYTES + room;
}

/** Texts up to this many characters are written here when they are ASCII; a call into the runtime takes longer. */
const SHORT_LENGTH = 48;

/**
 * Writes records one after the other into large blocks of memory. Numbers are little-endian. A
 * record is good until `reset`.
 */
export class RecordWriter {
  #slab: Buffer;
  #view: DataView;
  #start = 0;
  #at = 0;

  /** @param bytes size of the first block */
  constructor(bytes = SLAB_BYTES) {
    this.#slab = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#slab);
  }

  /** Begins a record whose body takes at most `room` bytes. */
  begin(room: number): void {
    const needed = FRAME_BYTES + room;
    if (this.#at + needed > this.#slab.length) {
      this.#use(Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, needed)));
      this.#at = 0;
    }
    this.#start = this.#at;
    this.#at += FRAME_BYTES;
  }

  byte(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  count(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** A 32-bit word, most significant byte first. */
  bigEndian(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  number(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  text(value: string): void {
    const body = this.#at + LENGTH_BYTES;
    if (value.length <= SHORT_LENGTH && this.#ascii(value, body)) {
      this.#view.setUint32(this.#at, value.length * 2, true);
      this.#at = body + value.length;
      return;
    }
    // UTF-8 has no form for half a pair, which a JavaScript string may hold
    const isUtf8 = value.isWellFormed();
    const bytes = this.#slab.write(value, body, isUtf8 ? 'utf8' : 'utf16le');
    this.#view.setUint32(this.#at, bytes * 2 + (isUtf8 ? 0 : UTF16_FLAG), true);
    this.#at = body + bytes;
  }

  /** Ends the record and gives its bytes. */
  end(): Buffer {
    this.#view.setUint8(this.#start, RECORD_VERSION);
    const body = this.#slab.subarray(this.#start + FRAME_BYTES, this.#at);
    this.#view.setUint32(this.#start + 1, crc32(body, RECORD_VERSION), true);
    return this.#slab.subarray(this.#start, this.#at);
  }

  /** Uses the memory again: every record written so far is gone. */
  reset(): void {
    if (this.#slab.length > SLAB_BYTES) this.#use(Buffer.allocUnsafeSlow(SLAB_BYTES));
    this.#at = 0;
  }

  #use(slab: Buffer): void {
    this.#slab = slab;
    this.#view = viewOf(slab);
  }

  /** Writes a text whose characters take a byte each; answers whether it is one. */
  #ascii(value: string, body: number): boolean {
    const slab = this.#slab;
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code > MOST_ASCII) return false;
      slab[body + at] = code;
    }
    return true;
  }
}

function viewOf(slab: Buffer): DataView {
  return new DataView(slab.buffer, slab.byteOffset, slab.length);
}
