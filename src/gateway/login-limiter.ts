import type { Clock } from '../base/clock.ts';

const WINDOW_MS = 1_000;
const MAX_FAILURES_PER_ADDRESS = 10;
const MAX_FAILURES = 100;

/**
 * Slows down guessing. After too many failures within a second, from one address or from all, further
 * attempts are refused without a look until that second is over; nobody is ever locked out longer.
 */
export class LoginLimiter {
  readonly #clock: Clock;
  #windowEndsAt = 0;
  #total = 0;
  /** Never longer than the failures that count. */
  readonly #byAddress = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a token from this address is looked at now. */
  admits(address: string): boolean {
    if (this.#clock.now() >= this.#windowEndsAt) return true;
    return (
      this.#total < MAX_FAILURES && (this.#byAddress.get(address) ?? 0) < MAX_FAILURES_PER_ADDRESS
    );
  }

  countFailure(address: string): void {
    const now = this.#clock.now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#total = 0;
      this.#byAddress.clear();
    }
    this.#total += 1;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }
}
