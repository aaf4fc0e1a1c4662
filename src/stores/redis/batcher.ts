/** Batches that are under way at once: while Redis works on one, the next is written. */
const MOST_RUNNING = 2;

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly weight: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (thrown: unknown) => void;
}

export interface BatchSize {
  /** Share of a batch that its items take together, at most. */
  readonly mostWeight: number;
  /**
   * With so many items and nothing under way, the first batch has half of them: Redis works on it while
   * the other half is written, and from then on the two take turns. Never unless said.
   */
  readonly halvedFrom?: number;
}

/**
 * Carries out what is asked for together with what else was asked for meanwhile: the more there is
 * to do, the more one call does. Batches are begun in the order of the calls.
 */
export class Batcher<Item, Answer> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #size: BatchSize;
  #waiting: Waiting<Item, Answer>[] = [];
  #running = 0;
  readonly #onSent: (() => void)[] = [];
  #scheduled = false;

  /** @param run answers each item; when it rejects, all of the batch are rejected */
  constructor(run: (items: readonly Item[]) => Promise<readonly Answer[]>, size: BatchSize) {
    this.#run = run;
    this.#size = size;
  }

  /** @param weight share of a batch that the item takes; a heavier item than fits goes alone */
  add(item: Item, weight = 1): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, weight, resolve, reject });
      this.#schedule();
    });
  }

  /** Resolves when everything added so far is sent. */
  async sent(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onSent.push(resolve);
      });
    }
  }

  /** What comes in the same turn goes together, and so does what comes while Redis is busy. */
  #schedule(): void {
    if (this.#scheduled || this.#running >= MOST_RUNNING || this.#waiting.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    const batch = this.#take();
    if (batch.length === 0) return;
    this.#running++;
    const carriedOut = this.#carryOut(batch);
    for (const resolve of this.#onSent.splice(0)) resolve();
    void carriedOut.finally(() => {
      this.#running--;
      this.#schedule();
    });
    this.#schedule();
  }

  async #carryOut(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#run(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new RangeError('a batch left an item without an answer'));
        else resolve(answer);
      }
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown);
    }
  }

  #take(): readonly Waiting<Item, Answer>[] {
    const { mostWeight, halvedFrom = Number.POSITIVE_INFINITY } = this.#size;
    const { length } = this.#waiting;
    const most = this.#running === 0 && length >= halvedFrom ? Math.ceil(length / 2) : length;
    let weight = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      weight += waiting.weight;
      if (count === most || (count > 0 && weight > mostWeight)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
