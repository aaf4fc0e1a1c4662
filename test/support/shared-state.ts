import type { ForeignChange, StateStore } from '../../src/state/store.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';

/** The same values as several engines have them: each hears of what the others change. */
export function sharedStates(count: number): StateStore[] {
  const values = new MemoryStateStore();
  const watchers: ((change: ForeignChange | null) => void)[][] = [];
  return Array.from({ length: count }, (_, self): StateStore => {
    watchers.push([]);
    return {
      open: () => values.open(),
      get: (scope, key) => values.get(scope, key),
      list: (scope) => values.list(scope),
      scopes: () => values.scopes(),
      update: async (scope, key, change) => {
        const changed = await values.update(scope, key, change);
        const others = watchers.filter((_watchers, at) => at !== self).flat();
        for (const watcher of others) watcher({ scope, key });
        return changed;
      },
      watch: (listener) => {
        watchers[self]?.push(listener);
      },
      close: () => values.close(),
    };
  });
}
