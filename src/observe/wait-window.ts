/** A bucket is at most this share of its values wide: 1/16. */
const STEPS_BITS = 4;
const STEPS = 1 << STEPS_BITS;
/** Beyond 2^31 ms, 24 days, everything counts as that. */
const MAX_MS = 2 ** 31 - 1;
const BUCKETS = bucketOf(MAX_MS) + 1;
/** The window moves on in slots of ten seconds. */
const SLOT_MS = 10_000;
const SLOTS = 6;

/**
 * How long attempts waited, over the last minute, as counts in buckets: recording costs the same
 * however many there are, and allocates nothing. Percentiles are exact to 1/16 of their value.
 */
export class WaitWindow {
  readonly #counts = new Uint32Array(SLOTS * BUCKETS);
  /** Since the epoch, in slots. */
  #slot = 0;

  record(waitedMs: number, now: number): void {
    const slot = this.#roll(now);
    const at = (slot % SLOTS) * BUCKETS + bucketOf(waitedMs);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /**
   * What this share of the attempts waited at most, in milliseconds; `null` when none started.
   * @param share from 0 to 1
   */
  percentile(share: number, now: number): number | null {
    this.#roll(now);
    let total = 0;
    for (let at = 0; at < this.#counts.length; at++) total += this.#counts[at] ?? 0;
    if (total === 0) return null;
    let left = Math.max(1, Math.ceil(total * share));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#countOf(bucket);
      // the values of a bucket are taken as spread evenly over it
      if (count >= left)
        return Math.round(startOf(bucket) + (widthOf(bucket) - 1) * (left / count));
      left -= count;
    }
    return MAX_MS;
  }

  #countOf(bucket: number): number {
    let count = 0;
    for (let at = bucket; at < this.#counts.length; at += BUCKETS) count += this.#counts[at] ?? 0;
    return count;
  }

  /** Empties the slots that the time has come round to again. */
  #roll(now: number): number {
    const slot = Math.floor(now / SLOT_MS);
    if (slot <= this.#slot) return this.#slot;
    for (let next = Math.max(this.#slot + 1, slot - SLOTS + 1); next <= slot; next++) {
      const start = (next % SLOTS) * BUCKETS;
      this.#counts.fill(0, start, start + BUCKETS);
    }
    this.#slot = slot;
    return slot;
  }
}

/** Values below 16 have a bucket each; from there on each doubling has 16 of them. */
function bucketOf(ms: number): number {
  const value = Math.min(MAX_MS, Math.max(0, ms)) | 0;
  if (value < STEPS) return value;
  const shift = 31 - STEPS_BITS - Math.clz32(value);
  return (shift + 1) * STEPS + ((value >>> shift) - STEPS);
}

function startOf(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (STEPS + (bucket % STEPS)) * 2 ** shift;
}

function widthOf(bucket: number): number {
  return bucket < STEPS ? 1 : 2 ** (Math.floor(bucket / STEPS) - 1);
}
