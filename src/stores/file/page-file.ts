import { fstatSync, readSync } from 'node:fs';
import { freemem } from 'node:os';

/** How much is read at once: a tree that was filled in order lies in the file in order. */
const CHUNK_BYTES = 256 * 1024;
/** So many pages away from the others, and more of them are to be expected. */
const MANY_STRAYS = 256;

/** A page that is not as LMDB writes it. */
export class PageDamage extends Error {
  override readonly name = 'PageDamage';
  /** Counted from 0; the page begins at its number times the page size. */
  readonly page: number;

  constructor(page: number, problem: string) {
    super(problem);
    this.page = page;
  }
}

/**
 * The pages of a database file, for reading only. They are read by the chunk as long as they follow each
 * other, and one by one where they do not, as in a file whose pages were used again and again.
 */
export class PageFile {
  readonly pageBytes: number;
  readonly #fd: number;
  readonly #bytes: number;
  readonly #chunk: Buffer;
  #chunkAt: number;
  #chunkBytes = 0;
  /** A page outside of the chunk. */
  readonly #stray: Buffer;
  #strays = 0;
  /** The chunk that page is of. */
  #strayChunkAt = -1;

  constructor(fd: number, pageBytes: number) {
    this.#fd = fd;
    this.pageBytes = pageBytes;
    this.#bytes = fstatSync(fd).size;
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, pageBytes));
    this.#chunkAt = -this.#chunk.length;
    this.#stray = Buffer.allocUnsafe(pageBytes);
  }

  /**
   * The bytes of one page, good until the next call.
   * @throws PageDamage when the file ends before it does
   */
  page(page: number): Buffer {
    const at = page * this.pageBytes;
    if (!this.#isInChunk(at)) {
      const chunkAt = at - (at % this.#chunk.length);
      const isNext = chunkAt === this.#chunkAt + this.#chunk.length;
      if (!isNext && chunkAt !== this.#strayChunkAt) return this.#readStray(page, chunkAt);
      this.#chunkAt = chunkAt;
      this.#chunkBytes = readSync(this.#fd, this.#chunk, 0, this.#chunk.length, chunkAt);
      if (!this.#isInChunk(at)) throw this.#cutOff(page);
    }
    const start = at - this.#chunkAt;
    return this.#chunk.subarray(start, start + this.pageBytes);
  }

  /** A copy of bytes that lie across pages. @throws PageDamage as `page` */
  bytesOf(page: number, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const found = readSync(this.#fd, bytes, 0, length, page * this.pageBytes + offset);
    if (found < length) throw this.#cutOff(page);
    return bytes;
  }

  #isInChunk(at: number): boolean {
    return at >= this.#chunkAt && at + this.pageBytes <= this.#chunkAt + this.#chunkBytes;
  }

  #readStray(page: number, chunkAt: number): Buffer {
    this.#strayChunkAt = chunkAt;
    this.#strays += 1;
    if (this.#strays === MANY_STRAYS) this.#readAhead();
    const found = readSync(this.#fd, this.#stray, 0, this.pageBytes, page * this.pageBytes);
    if (found < this.pageBytes) throw this.#cutOff(page);
    return this.#stray;
  }

  /**
   * Lets the system have the file in its memory, unless it is too large for that: read in order it comes
   * from a disk in a fraction of the time that it takes page by page.
   */
  #readAhead(): void {
    if (this.#bytes > freemem() / 2) return;
    this.#chunkBytes = 0;
    for (let at = 0; at < this.#bytes; at += this.#chunk.length) {
      readSync(this.#fd, this.#chunk, 0, this.#chunk.length, at);
    }
  }

  #cutOff(page: number): PageDamage {
    return new PageDamage(page, `it is needed, and the file ends at byte ${this.#bytes}`);
  }
}
