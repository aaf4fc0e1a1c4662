import type { Random } from '../base/random.ts';

/** Characters of a UUID before its last group, and the hexadecimal digits of that group. */
const PREFIX_LENGTH = 24;
const COUNTER_DIGITS = 12;

/**
 * Makes UUIDs that are new in this process and in all others, at the price of a counter: one random
 * start, then numbers in the last group. Only for ids that nobody gains by guessing.
 */
export function countedUuids(random: Random): () => string {
  const prefix = random.uuid().slice(0, PREFIX_LENGTH);
  let count = 0;
  return () => prefix + (count++).toString(16).padStart(COUNTER_DIGITS, '0');
}
