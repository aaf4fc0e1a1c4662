import { MemoryStore } from '../../src/stores/memory/memory-store.ts';
import type { StoreMaker } from './store-fixture.ts';

export const memoryMaker: StoreMaker = {
  open: async (policies, clock) => {
    const store = new MemoryStore({ clock });
    await store.open(policies);
    return store;
  },
};
