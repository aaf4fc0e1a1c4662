import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { CommitFailure } from './commit-failure.ts';
import { codeOf } from './error-code.ts';
import type { Extent } from './journal-segment.ts';
import { OpenFile } from './open-file.ts';

const FILE_MODE = 0o600;
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** By so much a file grows at a time. */
const ZEROS = Buffer.alloc(256 * 1024);

/**
 * One file of a journal. What was written is on disk when the write has ended.
 *
 * Making a file longer changes the file system too. When ext4 shuts down in the middle of a synchronous
 * write that does, it may report that as done and lose it; one that writes over what is there it does not.
 * So a file grows by zeros, in a write of their own: when that was lost, the write over them fails.
 */
export class JournalFile {
  readonly #path: string;
  readonly #fd: number;
  /** The same file; what is written here waits for nothing. */
  readonly #quickFd: number;
  readonly #file: OpenFile;
  /** Up to here there is something to write over. */
  #length: number;

  /** Opens the file, making it when it is not there. */
  constructor(folder: string, name: string) {
    this.#path = join(folder, name);
    const { O_RDWR, O_CREAT, O_DSYNC } = constants;
    this.#fd = openSync(this.#path, O_RDWR | O_CREAT | O_DSYNC, FILE_MODE);
    this.#quickFd = openSync(this.#path, O_RDWR);
    this.#file = new OpenFile(this.#path);
    this.#length = fstatSync(this.#fd).size;
  }

  /**
   * Writes a part of an image at the same place of the file.
   * @throws CommitFailure when nothing of it counts; it is fatal when that is not certain
   */
  async write(image: Buffer, { from, to }: Extent): Promise<void> {
    try {
      for (; this.#length < to; this.#length += ZEROS.length) {
        await writeAll(this.#fd, ZEROS, this.#length);
      }
      await writeAll(this.#fd, image.subarray(from, to), from);
    } catch (thrown) {
      throw this.#failureOf(thrown, this.#length < to ? this.#length : from);
    }
    this.#file.check();
  }

  /** The same without waiting for the disk. `false` when it was not written; what `write` does is decisive. */
  note(image: Buffer, { from, to }: Extent): boolean {
    if (to > this.#length) return false;
    try {
      return writeSync(this.#quickFd, image, from, to - from, from) === to - from;
    } catch {
      return false;
    }
  }

  close(): void {
    closeSync(this.#quickFd);
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  /** A full disk is no harm as long as the part that it took, from `end` on, is gone again. */
  #failureOf(thrown: unknown, end: number): CommitFailure {
    const code = codeOf(thrown);
    const message = messageOf(thrown);
    if (!FULL.has(code)) return new CommitFailure(message, code, true, thrown);
    try {
      ftruncateSync(this.#fd, end);
      fdatasyncSync(this.#fd);
      this.#length = end;
    } catch (again) {
      return new CommitFailure(messageOf(again), codeOf(again), true, again);
    }
    return new CommitFailure(message, code, false, thrown);
  }
}

/** Writes bytes to a place of a file. */
async function writeAll(fd: number, bytes: Buffer, place: number): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await writeFrom(fd, bytes, at, place + at);
}

function writeFrom(fd: number, bytes: Buffer, at: number, place: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, at, bytes.length - at, place, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}
