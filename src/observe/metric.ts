/** Values of labels by name. They come from the configuration, so that their number is bounded. */
export type Labels = Readonly<Record<string, string>>;

export interface Point {
  readonly labels: Labels;
  readonly value: number;
}

/** How often values fell into which bucket. */
export interface Distribution {
  readonly labels: Labels;
  /** One for each bound, and one for what is beyond the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * A metric as it is at one moment. Names are those of Prometheus: base units, `_total` for counters.
 * A counter only grows, except when its engine starts on fresh data.
 */
export type Metric = { readonly name: string; readonly help: string } & (
  | { readonly kind: 'gauge' | 'counter'; readonly points: readonly Point[] }
  | {
      readonly kind: 'histogram';
      /** Upper bounds of the buckets, ascending; a value on a bound counts to it. */
      readonly bounds: readonly number[];
      readonly points: readonly Distribution[];
    }
);

/** Counts values into buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  read(labels: Labels): Distribution {
    return { labels, counts: [...this.#counts], sum: this.#sum };
  }
}
