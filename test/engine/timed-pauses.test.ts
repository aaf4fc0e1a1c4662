import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { TimedPauses } from '../../src/engine/timed-pauses.ts';
import { sharedStates } from '../support/shared-state.ts';

async function twoEngines() {
  const clock = new ManualClock();
  const resumed: string[] = [];
  const opened = sharedStates(2).map(
    (state, at) =>
      new TimedPauses({
        ...{ state, clock, log: silentLogger },
        resume: (queue) => {
          resumed.push(`${queue} by ${at + 1}`);
          return Promise.resolve();
        },
      }),
  );
  for (const pauses of opened) await pauses.start();
  return { one: opened[0]!, two: opened[1]!, clock, resumed };
}

describe('a pause that ends by itself, on several engines', () => {
  it('is known to all, and over for all', async () => {
    const { one, two, clock, resumed } = await twoEngines();
    const until = clock.now() + 1_000;
    await one.set('mail', until);
    await clock.advance(0);
    expect(two.endOf('mail')).toBe(until);
    await clock.advance(1_000);
    expect(resumed).not.toEqual([]);
    expect([one.endOf('mail'), two.endOf('mail')]).toEqual([null, null]);
  });

  it('is ended by another engine when the one that set it has gone', async () => {
    const { one, clock, resumed } = await twoEngines();
    await one.set('mail', clock.now() + 1_000);
    await clock.advance(0);
    one.stop();
    await clock.advance(1_000);
    expect(resumed).toEqual(['mail by 2']);
  });

  it('is made longer or taken back through any of them', async () => {
    const { one, two, clock, resumed } = await twoEngines();
    await one.set('mail', clock.now() + 1_000);
    await clock.advance(0);
    await two.set('mail', clock.now() + 5_000);
    await clock.advance(4_000);
    expect(resumed).toEqual([]);
    await two.set('mail', null);
    await clock.advance(4_000);
    expect(resumed).toEqual([]);
    expect(one.endOf('mail')).toBeNull();
  });
});
