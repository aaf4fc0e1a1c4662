/** Entries set until the inner map is replaced, unless more than this are there. */
const RENEW_AFTER = 512;

/**
 * A map for entries that come and go all the time, such as calls under way.
 *
 * In V8 the table of a `Map` that is full, of deleted entries too, is replaced and points to the one
 * after it. Once one of them is in the old generation, all that follow outlive every small collection
 * until a full one, and with them what was in them at the time. A third of the garbage of busy calls
 * was copied for that reason. Here the chain is cut: now and then the map begins anew with what is left.
 */
export class ChurnMap<Key, Value> {
  #entries = new Map<Key, Value>();
  #untilRenewal = RENEW_AFTER;

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    if (--this.#untilRenewal > 0) return;
    this.#entries = new Map(this.#entries);
    this.#untilRenewal = Math.max(RENEW_AFTER, this.#entries.size);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries = new Map();
  }

  /** What is there now, in the order it came. */
  values(): readonly Value[] {
    return [...this.#entries.values()];
  }
}
