import { afterEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the clock of a process', () => {
  it('has the time of the wall clock, also when it had to wait while it read the clocks', () => {
    let time = 1_000;
    const waits = [30, 20, 0];
    vi.spyOn(performance, 'now').mockImplementation(() => time);
    vi.spyOn(Date, 'now').mockImplementation(() => {
      const read = 5_000_000 + time;
      time += waits.shift() ?? 0;
      return read;
    });
    const clock = new SystemClock();
    expect(clock.now()).toBe(5_000_000 + time);
    time += 250;
    expect(clock.now()).toBe(5_000_000 + time);
  });

  it('takes the closest readings when none are close', () => {
    let time = 0;
    let wait = 40;
    vi.spyOn(performance, 'now').mockImplementation(() => time);
    vi.spyOn(Date, 'now').mockImplementation(() => {
      const read = 5_000_000 + time;
      time += Math.max(2, wait--);
      return read;
    });
    const clock = new SystemClock();
    expect(5_000_000 + time - clock.now()).toBeLessThanOrEqual(21);
  });
});
