import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import type { StoreCase } from '../support/store-case.ts';
import type { StoreMaker } from '../support/store-fixture.ts';
import { acceptCases } from './cases/accept.ts';
import { browseCases } from './cases/browse.ts';
import { deadCases } from './cases/dead.ts';
import { fifoCases } from './cases/fifo.ts';
import { groupCases } from './cases/groups.ts';
import { leaseCases } from './cases/lease.ts';
import { rewriteCases } from './cases/rewrite.ts';
import { restartCases } from './cases/restart.ts';
import { settleCases } from './cases/settle.ts';
import { sharedCases } from './cases/shared.ts';
import { timeCases } from './cases/time.ts';

/** Every promise that all stores make. */
export const conformanceCases: readonly StoreCase[] = [
  ...acceptCases,
  ...leaseCases,
  ...settleCases,
  ...fifoCases,
  ...groupCases,
  ...timeCases,
  ...deadCases,
  ...browseCases,
  ...rewriteCases,
  ...restartCases,
];

/** Registers a test per promise. What the store does not promise is a test that its traits say so. */
export function describeStore(name: string, maker: StoreMaker): void {
  describe(`the ${name} store`, () => {
    for (const { name: promise, needs, feature, run } of conformanceCases) {
      const gap = feature === null ? undefined : maker.gaps?.[feature];
      if (gap === undefined && (needs === null || maker.reopen !== undefined)) {
        it(promise, async () => {
          await expect(run(maker)).resolves.toBeUndefined();
        });
        continue;
      }
      it(`declares that it does not promise: ${promise}`, async () => {
        const store = await maker.open([], new ManualClock());
        const { traits } = store;
        if (feature !== null && gap !== undefined) expect(traits.gaps[feature]).toBe(gap);
        else if (needs !== null) expect(traits[needs]).toBe(false);
        await (maker.dispose?.(store) ?? store.close());
      });
    }
  });
}

/** Registers a test per promise of a store that several engines use at once. */
export function describeSharedStore(name: string, maker: StoreMaker): void {
  describe(`the ${name} store, shared by engines`, () => {
    for (const { name: promise, feature, run } of sharedCases) {
      const gap = feature === null ? undefined : maker.gaps?.[feature];
      it(
        gap === undefined ? promise : `declares that it does not promise: ${promise}`,
        async () => {
          if (gap === undefined) {
            await expect(run(maker)).resolves.toBeUndefined();
            return;
          }
          const store = await maker.open([], new ManualClock());
          if (feature !== null) expect(store.traits.gaps[feature]).toBe(gap);
          await (maker.dispose?.(store) ?? store.close());
        },
      );
    }
  });
}
