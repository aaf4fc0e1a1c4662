import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(64 * 1024, 1);

/** A file system of its own in memory, small enough to be filled. Needs Linux and root. */
export class SmallDisk {
  /** Where the test may write. */
  readonly folder: string;
  readonly #mount: string;

  /** Why there can be none here; `null` when there can. */
  static unavailable(): string | null {
    if (process.platform !== 'linux') return 'only Linux has tmpfs';
    return process.getuid?.() === 0 ? null : 'mounting a file system needs root';
  }

  constructor(mebibytes: number) {
    this.#mount = mkdtempSync(join(tmpdir(), 'iii-disk-'));
    this.folder = join(this.#mount, 'data');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.#mount]);
    mkdirSync(this.folder);
  }

  /** Writes until nothing more fits. */
  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      // the last bytes go one page, then one byte at a time
      for (const size of [BLOCK.length, 4_096, 1]) {
        while (writesAll(file, size));
      }
    } finally {
      closeSync(file);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Nobody may have a file open for writing. */
  setReadOnly(isReadOnly: boolean): void {
    execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.#mount]);
  }

  remove(): void {
    execFileSync('umount', [this.#mount]);
    rmSync(this.#mount, { recursive: true });
  }

  get #ballast(): string {
    return join(this.#mount, 'ballast');
  }
}

function writesAll(file: number, size: number): boolean {
  try {
    return writeSync(file, BLOCK, 0, size) === size;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw thrown;
  }
}
