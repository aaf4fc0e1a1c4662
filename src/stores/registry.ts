import type { Clock } from '../base/clock.ts';
import type { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Store } from '../queue/store.ts';

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
