import type { Random } from '../base/random.ts';

/** The longest delay a job can get: 100 years in milliseconds. Sums with the time stay exact. */
export const LONGEST_DELAY_MS = 100 * 365.25 * 86_400_000;

/** 2 to this power times a millisecond is already past the longest delay. */
const LARGEST_EXPONENT = 60;

export interface BackoffSettings {
  readonly backoffMs: number;
  /** Cap of the delay; `null` means none. */
  readonly maxBackoffMs: number | null;
  /** Share of the delay that is random, 0 to 1. */
  readonly jitter: number;
}

/**
 * The delay after failed attempt `attempt` (counted from 1), in whole milliseconds:
 * `backoffMs × 2^(attempt−1)`, capped, with the jitter's share of it drawn between nothing and all.
 * Always a finite number from 0 to `LONGEST_DELAY_MS`.
 */
export function backoffDelayMs(attempt: number, settings: BackoffSettings, random: Random): number {
  const exponent = Math.min(Math.max(attempt, 1) - 1, LARGEST_EXPONENT);
  const grown = settings.backoffMs * 2 ** exponent;
  const capped = limitDelayMs(Math.min(grown, settings.maxBackoffMs ?? LONGEST_DELAY_MS));
  if (settings.jitter === 0) return capped;
  const fixed = capped * (1 - settings.jitter);
  return limitDelayMs(fixed + capped * settings.jitter * random.fraction());
}

/** Brings any number, also one a worker sent, into the range of delays; what is no number is 0. */
export function limitDelayMs(delayMs: number): number {
  if (!(delayMs > 0)) return 0;
  return Math.round(Math.min(delayMs, LONGEST_DELAY_MS));
}
