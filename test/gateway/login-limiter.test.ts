import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { LoginLimiter } from '../../src/gateway/login-limiter.ts';

function fail(limiter: LoginLimiter, address: string, times: number): void {
  for (let n = 0; n < times; n++) limiter.countFailure(address);
}

describe('LoginLimiter', () => {
  it('refuses an address after 10 failures, and nobody else', () => {
    const limiter = new LoginLimiter(new ManualClock());
    fail(limiter, '127.0.0.1', 9);
    expect(limiter.admits('127.0.0.1')).toBe(true);
    fail(limiter, '127.0.0.1', 1);
    expect(limiter.admits('127.0.0.1')).toBe(false);
    expect(limiter.admits('10.0.0.1')).toBe(true);
  });

  it('refuses every address after 100 failures from anywhere', () => {
    const limiter = new LoginLimiter(new ManualClock());
    for (let n = 0; n < 100; n++) fail(limiter, `10.0.0.${n}`, 1);
    expect(limiter.admits('10.0.1.1')).toBe(false);
  });

  it('admits again a second later, also when the guessing went on', async () => {
    const clock = new ManualClock();
    const limiter = new LoginLimiter(clock);
    fail(limiter, 'a', 10);
    await clock.advance(999);
    expect(limiter.admits('a')).toBe(false);
    await clock.advance(1);
    expect(limiter.admits('a')).toBe(true);
    fail(limiter, 'a', 9);
    expect(limiter.admits('a')).toBe(true);
  });
});
