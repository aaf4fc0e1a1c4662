import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { isLookedInto, treeOf } from './find-files.ts';

/** Editors write a file in several steps; they are one change. */
const SETTLE_MS = 100;

/** Tells when a file changed that it knows, or that belongs to what it watches. */
export class FileWatch {
  readonly #clock: Clock;
  readonly #belongs: (path: string) => boolean;
  readonly #files = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  /** Folders in which new folders count too. */
  readonly #trees = new Set<string>();
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
    this.#addFolder(dirname(path));
  }

  /**
   * Watches a folder and all below it, also those that come later.
   * @returns whether there are files in them that can be run
   */
  addTree(top: string): boolean {
    const { folders, files } = treeOf(top);
    for (const folder of folders) {
      this.#trees.add(folder);
      this.#addFolder(folder);
    }
    return files.length > 0;
  }

  #addFolder(folder: string): void {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(folder, (_event, name) => {
      const path = name === null ? null : join(folder, name);
      const hasNewFolder = name !== null && this.#trees.has(folder) && this.#addNew(folder, name);
      const isKnown = path === null || this.#files.has(path) || this.#belongs(path);
      if (!hasNewFolder && !isKnown) return;
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

  /** Whether this is a new folder with files in it, which are watched from now on. */
  #addNew(folder: string, name: string): boolean {
    const path = join(folder, name);
    if (!isLookedInto(name)) return false;
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
      // One of this name may have been there before: what watched it sees nothing of the new one.
      for (const [watched, watcher] of this.#watchers) {
        if (watched !== path && !watched.startsWith(`${path}${sep}`)) continue;
        watcher.close();
        this.#watchers.delete(watched);
      }
      return this.addTree(path);
    } catch {
      return false; // it is gone again already
    }
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
