import { crc32 } from 'node:zlib';

/** Bytes before the body: version, then the CRC-32 of both. */
export const FRAME_BYTES = 5;
/** First byte of every record. Grows with every change of a record's layout. */
export const RECORD_VERSION = 1;
/** The lowest bit of a text's length: set when it is UTF-16, as texts with lone surrogates are. */
export const UTF16_FLAG = 1;

const USUAL_BYTES = 1024 * 1024;
/** Texts up to this many characters are given room for the worst case instead of being measured. */
const MEASURED_LENGTH = 1024;
const WORST_BYTES_PER_CHARACTER = 3;
/** Before a record, and before a text in it. */
export const LENGTH_BYTES = 4;
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
 * Writes records one behind the other, each with its length before it. Numbers are little-endian.
 */
export class RecordWriter {
  #bytes: Buffer;
  #view: DataView;
  #start = 0;
  #at = 0;

  /** @param bytes that are usually enough */
  constructor(bytes = USUAL_BYTES) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#bytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** What was written so far; good until more is written. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** The record that was ended last; good until more is written. */
  get record(): Buffer {
    return this.#bytes.subarray(this.#start, this.#at);
  }

  /** Makes room for so many bytes more. */
  reserve(room: number): void {
    const needed = this.#at + room;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#use(larger);
  }

  /** Begins a record whose body takes at most `room` bytes. */
  begin(room: number): void {
    this.reserve(LENGTH_BYTES + FRAME_BYTES + room);
    this.#start = this.#at + LENGTH_BYTES;
    this.#at = this.#start + FRAME_BYTES;
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
    const bytes = this.#bytes.write(value, body, isUtf8 ? 'utf8' : 'utf16le');
    this.#view.setUint32(this.#at, bytes * 2 + (isUtf8 ? 0 : UTF16_FLAG), true);
    this.#at = body + bytes;
  }

  /** Writes bytes, for which there is room, with their length before them. */
  copy(bytes: Buffer): void {
    this.count(bytes.length);
    this.#at += bytes.copy(this.#bytes, this.#at);
  }

  /** Ends the record. Answers its length. */
  end(): number {
    const start = this.#start;
    this.#view.setUint8(start, RECORD_VERSION);
    const body = this.#bytes.subarray(start + FRAME_BYTES, this.#at);
    this.#view.setUint32(start + 1, crc32(body, RECORD_VERSION), true);
    const length = this.#at - start;
    this.#view.setUint32(start - LENGTH_BYTES, length, true);
    return length;
  }

  /** Uses the memory again: everything written so far is gone. */
  reset(): void {
    // what one large batch took is not kept for ever
    if (this.#bytes.length > USUAL_BYTES) this.#use(Buffer.allocUnsafeSlow(USUAL_BYTES));
    this.#at = 0;
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** Writes a text whose characters take a byte each; answers whether it is one. */
  #ascii(value: string, body: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      if (code > MOST_ASCII) return false;
      bytes[body + at] = code;
    }
    return true;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
