import { type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.ts';

/** Editors write a file in several steps; they are one change. */
const SETTLE_MS = 100;

/** Tells when a file changed that it knows, or that belongs to what it watches. */
export class FileWatch {
  readonly #clock: Clock;
  readonly #belongs: (path: string) => boolean;
  readonly #files = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #cancel: CancelTimer | undefined;
  #onChange: (() => void) | undefined;
  #changed = false;

  constructor(clock: Clock, belongs: (path: string) => boolean) {
    this.#clock = clock;
    this.#belongs = belongs;
  }

  /** The folder is watched and not the file: editors put a new file in the place of the old one. */
  add(path: string): void {
    this.#files.add(path);
    this.addFolder(dirname(path));
  }

  addFolder(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(folder, (_event, name) => {
      const path = name === null ? null : join(folder, name);
      if (path !== null && !this.#files.has(path) && !this.#belongs(path)) return;
      this.#changed = true;
      this.#cancel?.();
      this.#cancel = this.#clock.after(SETTLE_MS, () => {
        this.#tell();
      });
    });
    // A folder that is taken away has nothing to tell any more.
    watcher.on('error', () => {
      watcher.close();
      this.#watchers.delete(folder);
    });
    this.#watchers.set(folder, watcher);
  }

  /** Resolves with the next change, also when it came while nobody waited. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
      if (this.#changed) this.#tell();
    });
  }

  close(): void {
    this.#cancel?.();
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  #tell(): void {
    if (this.#onChange === undefined) return;
    const resolve = this.#onChange;
    this.#onChange = undefined;
    this.#changed = false;
    resolve();
  }
}
