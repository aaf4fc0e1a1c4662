/** Shortest time that is told apart, in milliseconds. */
const LEAST_MS = 0.001;
/** Each bucket ends this much later than the one before: what is read is at most 1 % too long. */
const GROWTH = Math.log(1.01);
/** Enough buckets for a day. */
const BUCKETS = Math.ceil(Math.log(86_400_000 / LEAST_MS) / GROWTH) + 1;

/** What is read out of many times, in milliseconds; `null` when there were none. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** Counts of times by length. Takes the same memory however many there are. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #longestMs = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / GROWTH);
    const at = Math.min(bucket, BUCKETS - 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#total += 1;
    this.#longestMs = Math.max(this.#longestMs, ms);
  }

  read(): Percentiles {
    if (this.#total === 0) return { p50: null, p95: null, p99: null, max: null };
    return {
      p50: this.#within(0.5),
      p95: this.#within(0.95),
      p99: this.#within(0.99),
      max: round(this.#longestMs),
    };
  }

  /** A time within which this share of all lies. */
  #within(share: number): number {
    const wanted = Math.ceil(this.#total * share);
    let counted = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      counted += count;
      if (counted >= wanted) {
        return round(Math.min(LEAST_MS * Math.exp(bucket * GROWTH), this.#longestMs));
      }
    }
    return round(this.#longestMs);
  }
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
