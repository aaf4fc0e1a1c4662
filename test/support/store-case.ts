import type { StoreFeature } from '../../src/queue/store-gaps.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import type { StoreMaker } from './store-fixture.ts';
import { StoreStage } from './store-fixture.ts';

/** One promise of a store, checked on a store of its own. */
export interface StoreCase {
  readonly name: string;
  /** Set when only stores with this trait promise it. */
  readonly needs: 'survivesRestart' | null;
  /** Set when a store may be unable to do it, and says so among its gaps. */
  readonly feature: StoreFeature | null;
  run(maker: StoreMaker): Promise<void>;
}

/** A case on the standard queue `q`, or on these queues. */
export function storeCase(
  name: string,
  act: (stage: StoreStage) => Promise<void>,
  policies: readonly QueuePolicy[] = [],
): StoreCase {
  return { name, needs: null, feature: null, run: (maker) => StoreStage.run(maker, policies, act) };
}

/** A case for stores whose jobs are still there after the process is gone. */
export function restartCase(
  name: string,
  act: (stage: StoreStage) => Promise<void>,
  policies: readonly QueuePolicy[] = [],
): StoreCase {
  return { ...storeCase(name, act, policies), needs: 'survivesRestart' };
}

/** The case, for stores without this gap. */
export function unlessGap(feature: StoreFeature, made: StoreCase): StoreCase {
  return { ...made, feature };
}
