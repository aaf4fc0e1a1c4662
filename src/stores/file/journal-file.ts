import {
  closeSync,
  constants,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  write,
} from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { CommitFailure } from './commit-failure.ts';
import { codeOf } from './error-code.ts';
import type { Extent } from './journal-segment.ts';
import { OpenFile } from './open-file.ts';

const FILE_MODE = 0o600;
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** One file of a journal. What was written is on disk when the write has ended. */
export class JournalFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #file: OpenFile;

  /** Opens the file, making it when it is not there. */
  constructor(folder: string, name: string) {
    this.#path = join(folder, name);
    const { O_RDWR, O_CREAT, O_DSYNC } = constants;
    this.#fd = openSync(this.#path, O_RDWR | O_CREAT | O_DSYNC, FILE_MODE);
    this.#file = new OpenFile(this.#path);
  }

  /**
   * Writes a part of an image at the same place of the file.
   * @throws CommitFailure when nothing of it counts; it is fatal when that is not certain
   */
  async write(image: Buffer, { from, to }: Extent): Promise<void> {
    try {
      for (let at = from; at < to;) at += await writeAt(this.#fd, image, at, to);
    } catch (thrown) {
      throw this.#failureOf(thrown, from);
    }
    this.#file.check();
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }

  /** A full disk is no harm as long as the part of the frame that it took is gone again. */
  #failureOf(thrown: unknown, from: number): CommitFailure {
    const code = codeOf(thrown);
    const message = messageOf(thrown);
    if (!FULL.has(code)) return new CommitFailure(message, code, true, thrown);
    try {
      ftruncateSync(this.#fd, from);
      fdatasyncSync(this.#fd);
    } catch (again) {
      return new CommitFailure(messageOf(again), codeOf(again), true, again);
    }
    return new CommitFailure(message, code, false, thrown);
  }
}

function writeAt(fd: number, bytes: Buffer, at: number, to: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, at, to - at, at, (error, written) => {
      if (error === null) resolve(written);
      else reject(error);
    });
  });
}
