import { fstatSync, readSync } from 'node:fs';

/** How much is read at once: a tree that was filled in order lies in the file in order. */
const CHUNK_BYTES = 256 * 1024;

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

/** The pages of a database file, for reading only. */
export class PageFile {
  readonly pageBytes: number;
  readonly #fd: number;
  readonly #bytes: number;
  readonly #chunk: Buffer;
  #chunkAt = 0;
  #chunkBytes = 0;

  constructor(fd: number, pageBytes: number) {
    this.#fd = fd;
    this.pageBytes = pageBytes;
    this.#bytes = fstatSync(fd).size;
    this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, pageBytes));
  }

  /**
   * The bytes of one page, good until the next call.
   * @throws PageDamage when the file ends before it does
   */
  page(page: number): Buffer {
    const { pageBytes } = this;
    const at = page * pageBytes;
    if (at < this.#chunkAt || at + pageBytes > this.#chunkAt + this.#chunkBytes) {
      this.#chunkAt = at - (at % this.#chunk.length);
      this.#chunkBytes = readSync(this.#fd, this.#chunk, 0, this.#chunk.length, this.#chunkAt);
      if (at + pageBytes > this.#chunkAt + this.#chunkBytes) throw this.#cutOff(page);
    }
    const start = at - this.#chunkAt;
    return this.#chunk.subarray(start, start + pageBytes);
  }

  /** A copy of bytes that lie across pages. @throws PageDamage as `page` */
  bytesOf(page: number, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const found = readSync(this.#fd, bytes, 0, length, page * this.pageBytes + offset);
    if (found < length) throw this.#cutOff(page);
    return bytes;
  }

  #cutOff(page: number): PageDamage {
    return new PageDamage(page, `it is needed, and the file ends at byte ${this.#bytes}`);
  }
}
