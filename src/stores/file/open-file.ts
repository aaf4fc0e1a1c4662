import { statSync } from 'node:fs';
import { CommitFailure } from './commit-failure.ts';

/** A file that is open: notices when its path leads to another one, or to none. */
export class OpenFile {
  readonly #path: string;
  readonly #identity: string;

  constructor(path: string) {
    this.#path = path;
    this.#identity = identityOf(path);
  }

  /**
   * Call it after each write: writing to a file that was deleted succeeds, and keeps nothing.
   * @throws CommitFailure, a fatal one
   */
  check(): void {
    if (identityOf(this.#path) === this.#identity) return;
    throw new CommitFailure(`${this.#path} was removed or replaced`, 'ENOENT', true);
  }
}

/** Device and number of what a path leads to; empty when there is nothing. */
function identityOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev}:${found.ino}`;
}
