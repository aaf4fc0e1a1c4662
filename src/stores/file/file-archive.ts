import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { IiiError, messageOf } from '../../base/errors.ts';
import type { Archive } from '../../queue/archive.ts';
import { codeOf } from './error-code.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** Lines given at once. */
const PIECE = 500;

/** Bundles as files of lines in a folder, each line synced before anything goes on. */
export class FileArchive implements Archive {
  readonly #folder: string;

  /** @param folder made when it is first needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async append(bundle: string, lines: readonly string[]): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
      const file = await open(this.#fileOf(bundle), 'a', FILE_MODE);
      try {
        // an earlier line may have been cut by the end of the process
        await file.appendFile(`\n${lines.join('\n')}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await this.#syncFolder();
    } catch (thrown) {
      throw new IiiError('STORE_FAILED', 'What could be undone cannot be kept; nothing was done', {
        reason: messageOf(thrown),
        hint: 'make room on the disk, or do it without undo (--no-undo)',
        cause: thrown,
      });
    }
  }

  async *read(bundle: string): AsyncGenerator<readonly string[]> {
    const input = createReadStream(this.#fileOf(bundle), 'utf8');
    const lines = createInterface({ input, crlfDelay: Infinity });
    let piece: string[] = [];
    try {
      for await (const line of lines) {
        if (isWhole(line)) piece.push(line);
        if (piece.length < PIECE) continue;
        yield piece;
        piece = [];
      }
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENOENT') throw thrown;
    } finally {
      lines.close();
      input.destroy();
    }
    if (piece.length > 0) yield piece;
  }

  async remove(bundle: string): Promise<void> {
    await rm(this.#fileOf(bundle), { force: true });
  }

  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #fileOf(bundle: string): string {
    if (!/^[\w-]+$/.test(bundle)) throw new RangeError(`a bundle cannot be named ${bundle}`);
    return join(this.#folder, `${bundle}.ndjson`);
  }
}

/** A line that was cut does not end as an object does. */
function isWhole(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}') && isJson(line);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
