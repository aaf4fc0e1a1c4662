import type { Clock } from '../base/clock.ts';
import type { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Store } from '../queue/store.ts';
import type { StateStore } from '../state/store.ts';

/** Where jobs are to be kept; the same union as the configuration's. */
export type StoreChoice =
  { readonly kind: 'memory' } | { readonly kind: 'file'; readonly path: string };

export interface StoreParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Put damaged records aside and go on, instead of refusing to open. */
  readonly repair?: boolean;
  /** Called once when the data can no longer be trusted: the process has to end and start again. */
  readonly onFatal?: (error: IiiError) => void;
}

/** Makes the chosen store, loading its code only now. The caller opens and closes it. */
export async function createStore(choice: StoreChoice, parts: StoreParts): Promise<Store> {
  switch (choice.kind) {
    case 'memory': {
      const { MemoryStore } = await import('./memory/memory-store.ts');
      return new MemoryStore(parts);
    }
    case 'file': {
      const { FileStore } = await import('./file/file-store.ts');
      return new FileStore({ ...parts, path: choice.path });
    }
  }
}

/** Makes a store of named values. The caller opens and closes it. */
export async function createStateStore(
  choice: StoreChoice,
  parts: StoreParts,
): Promise<StateStore> {
  switch (choice.kind) {
    case 'memory': {
      const { MemoryStateStore } = await import('./memory/memory-state-store.ts');
      return new MemoryStateStore();
    }
    case 'file': {
      const { FileStateStore } = await import('./file/file-state-store.ts');
      return new FileStateStore({ ...parts, path: choice.path });
    }
  }
}

/**
 * Where the engine keeps what it has to remember beside the jobs: as safe as those, and in their
 * folder, so that it is under the same lock and no other engine's.
 */
export function stateBeside(choice: StoreChoice): StoreChoice {
  return choice.kind === 'memory' ? choice : { kind: 'file', path: `${choice.path}/state` };
}
