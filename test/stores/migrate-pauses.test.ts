import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { migratePauses } from '../../src/stores/migrate-pauses.ts';
import { StoreSource } from '../../src/stores/store-source.ts';
import { StoreTarget } from '../../src/stores/store-target.ts';
import { memoryMaker } from '../support/memory-maker.ts';
import { policyOf } from '../support/store-fixture.ts';

describe('moving pauses from store to store', () => {
  it('keeps a queue paused, with the end of its pause, and leaves out what is over', async () => {
    const clock = new ManualClock();
    const from = await memoryMaker.open([policyOf('a'), policyOf('b'), policyOf('c')], clock);
    const to = await memoryMaker.open([policyOf('a'), policyOf('b')], clock);
    const engine = { from: new MemoryStateStore(), to: new MemoryStateStore() };
    for (const queue of ['a', 'b', 'c']) await from.pause(queue, true);
    const later = String(clock.now() + 60_000);
    await engine.from.update('iii::pauses', 'a', () => later);
    await engine.from.update('iii::pauses', 'b', () => String(clock.now() - 1));
    const source = new StoreSource(from, { clock, random: systemRandom });
    const jobs = { from: source, to: new StoreTarget(to, []) };
    await migratePauses({ jobs, engine, clock });
    const stats = await to.stats();
    expect(['a', 'b', 'c'].map((queue) => stats.get(queue)?.paused)).toEqual([true, false, true]);
    expect([...(await engine.to.list('iii::pauses'))]).toEqual([['a', later]]);
    await from.close();
    await to.close();
  });
});
