import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Store } from '../queue/store.ts';

/** Where jobs are to be kept; the same union as the configuration's. */
export type StoreChoice =
  { readonly kind: 'memory' } | { readonly kind: 'file'; readonly path: string };

export interface StoreParts {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the chosen store, loading its code only now. The caller opens and closes it. */
export async function createStore(choice: StoreChoice, parts: StoreParts): Promise<Store> {
  switch (choice.kind) {
    case 'memory': {
      const { MemoryStore } = await import('./memory/memory-store.ts');
      return new MemoryStore(parts);
    }
    case 'file':
      throw new IiiError('UNAVAILABLE', 'The file store is not available yet.', {
        hint: 'Start with --store memory, which loses its jobs when the engine stops.',
      });
  }
}
