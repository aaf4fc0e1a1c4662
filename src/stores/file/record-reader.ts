import { crc32 } from 'node:zlib';
import { FRAME_BYTES, RECORD_VERSION, UTF16_FLAG } from './record-writer.ts';

/** Reads what `RecordWriter` wrote, in the same order. */
export class RecordReader {
  readonly #bytes: Buffer;
  #at = FRAME_BYTES;

  /** Call `openRecord` instead, which checks the bytes. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  count(): number {
    const value = this.#bytes.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  number(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  text(): string {
    const header = this.count();
    const start = this.#at;
    this.#at += header >>> 1;
    return this.#bytes.toString((header & UTF16_FLAG) === 0 ? 'utf8' : 'utf16le', start, this.#at);
  }

  /** What comes behind the first `marker` in the next text; `undefined` when it is not in it. */
  textBehind(marker: Buffer): string | undefined {
    const start = this.#at + 4;
    if ((this.#bytes.readUInt32LE(this.#at) & UTF16_FLAG) !== 0) {
      const text = this.text();
      const ascii = marker.toString('latin1');
      const found = text.indexOf(ascii);
      return found === -1 ? undefined : text.slice(found + ascii.length);
    }
    this.skipText();
    const found = this.#bytes.indexOf(marker, start);
    const isInside = found !== -1 && found + marker.length <= this.#at;
    return isInside ? this.#bytes.toString('utf8', found + marker.length, this.#at) : undefined;
  }

  /** Goes on behind the next bytes. */
  skip(bytes: number): void {
    this.#at += bytes;
  }

  skipText(): void {
    const header = this.count();
    this.#at += header >>> 1;
  }

  /** Lower-case hex of the next bytes. */
  hex(bytes: number): string {
    const start = this.#at;
    this.#at += bytes;
    return this.#bytes.toString('hex', start, this.#at);
  }
}

/** A reader at the start of the record's body; `null` when the bytes are not those that were written. */
export function openRecord(bytes: Buffer): RecordReader | null {
  if (bytes.length <= FRAME_BYTES || bytes[0] !== RECORD_VERSION) return null;
  const sum = crc32(bytes.subarray(FRAME_BYTES), RECORD_VERSION);
  return sum === bytes.readUInt32LE(1) ? new RecordReader(bytes) : null;
}
