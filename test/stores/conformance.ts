import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import type { StoreCase } from '../support/store-case.ts';
import type { StoreMaker } from '../support/store-fixture.ts';
import { acceptCases } from './cases/accept.ts';
import { browseCases } from './cases/browse.ts';
import { deadCases } from './cases/dead.ts';
import { fifoCases } from './cases/fifo.ts';
import { leaseCases } from './cases/lease.ts';
import { rewriteCases } from './cases/rewrite.ts';
import { restartCases } from './cases/restart.ts';
import { settleCases } from './cases/settle.ts';
import { timeCases } from './cases/time.ts';

/** Every promise that all stores make. */
export const conformanceCases: readonly StoreCase[] = [
  ...acceptCases,
  ...leaseCases,
  ...settleCases,
  ...fifoCases,
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
      if (gap === undefined && canNeed(maker, needs)) {
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

function canNeed(maker: StoreMaker, needs: StoreCase['needs']): boolean {
  if (needs === 'survivesRestart') return maker.reopen !== undefined;
  return needs === null || maker.join !== undefined;
}
