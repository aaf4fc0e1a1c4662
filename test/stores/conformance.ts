import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import type { StoreCase } from '../support/store-case.ts';
import type { StoreMaker } from '../support/store-fixture.ts';
import { acceptCases } from './cases/accept.ts';
import { browseCases } from './cases/browse.ts';
import { deadCases } from './cases/dead.ts';
import { fifoCases } from './cases/fifo.ts';
import { leaseCases } from './cases/lease.ts';
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
  ...restartCases,
];

/** Registers a test per promise. What the store does not promise is a test that its traits say so. */
export function describeStore(name: string, maker: StoreMaker): void {
  describe(`the ${name} store`, () => {
    for (const { name: promise, needs, run } of conformanceCases) {
      if (needs === null || maker.reopen !== undefined) {
        it(promise, async () => {
          await expect(run(maker)).resolves.toBeUndefined();
        });
        continue;
      }
      it(`declares that it does not promise: ${promise}`, async () => {
        const store = await maker.open([], new ManualClock());
        expect(store.traits[needs]).toBe(false);
        await (maker.dispose?.(store) ?? store.close());
      });
    }
  });
}
