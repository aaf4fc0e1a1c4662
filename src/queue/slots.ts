/** Ends the chain of free slots. */
const NONE = -1;

/**
 * Objects by small number, so that a column can refer to them. Numbers of removed ones come again;
 * free slots are chained through the array itself, and it starts anew when the last object is gone.
 */
export class Slots<Item extends object> {
  /** An object, or the number of the next free slot. */
  #items: (Item | number)[] = [];
  #free = NONE;
  #used = 0;

  /** Keeps what `make` returns under the number it is called with. */
  add(make: (slot: number) => Item): Item {
    const slot = this.#free === NONE ? this.#items.length : this.#free;
    const next = this.#items[slot];
    const item = make(slot);
    this.#items[slot] = item;
    this.#free = typeof next === 'number' ? next : NONE;
    this.#used++;
    return item;
  }

  get(slot: number): Item {
    const item = this.#items[slot];
    if (typeof item !== 'object') throw new RangeError(`nothing in slot ${slot}`);
    return item;
  }

  remove(slot: number): void {
    this.#items[slot] = this.#free;
    this.#free = slot;
    if (--this.#used > 0) return;
    this.#items = [];
    this.#free = NONE;
  }
}
