import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { RepeatedWarning } from '../../src/gateway/repeated-warning.ts';
import { recordLog } from './harness.ts';

describe('RepeatedWarning', () => {
  it('logs the first at once and the rest as a count per interval, with the last facts', async () => {
    const clock = new ManualClock();
    const { log, lines } = recordLog();
    const warning = new RepeatedWarning(log, clock, 'again');
    for (let n = 0; n < 5; n++) warning.report({ n });
    expect(lines.map(({ fields }) => fields)).toEqual([{ n: 0 }]);
    await clock.advance(10_000);
    warning.report({ n: 5 });
    await clock.advance(10_000);
    expect(lines.map(({ fields }) => fields)).toEqual([
      { n: 0 },
      { n: 4, times: 4 },
      { n: 5, times: 1 },
    ]);
    await clock.advance(10_000);
    warning.report({ n: 6 });
    expect(lines.at(-1)?.fields).toEqual({ n: 6 });
  });

  it('loses no count when it stops', () => {
    const clock = new ManualClock();
    const { log, lines } = recordLog();
    const warning = new RepeatedWarning(log, clock, 'again');
    warning.report({ n: 0 });
    warning.report({ n: 1 });
    warning.stop();
    warning.stop();
    expect(lines.map(({ fields }) => fields)).toEqual([{ n: 0 }, { n: 1, times: 1 }]);
    expect(clock.nextTimerAt()).toBeUndefined();
  });
});
