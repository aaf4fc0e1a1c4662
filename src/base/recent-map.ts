/**
 * A map that remembers what was set last and forgets the rest: the last `capacity` entries for
 * certain, and at most twice as many. Setting costs the same however many were forgotten, which a
 * `Map` whose oldest key is deleted again and again does not offer.
 */
export class RecentMap<Key, Value> {
  readonly #capacity: number;
  #untilTurn: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#untilTurn = capacity;
  }

  get(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: Key, value: Value): void {
    // by what was set, not by what is there: see `ChurnMap` for what a map costs that is never replaced
    if (this.#untilTurn-- === 0) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#untilTurn = this.#capacity - 1;
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
