/** Objects by small number, so that a column can refer to them. Numbers of removed ones come again. */
export class Slots<Item> {
  readonly #items: (Item | undefined)[] = [];
  readonly #vacant: number[] = [];

  /** Keeps what `make` returns under the number it is called with. */
  add(make: (slot: number) => Item): Item {
    const slot = this.#vacant.pop() ?? this.#items.length;
    const item = make(slot);
    this.#items[slot] = item;
    return item;
  }

  get(slot: number): Item {
    const item = this.#items[slot];
    if (item === undefined) throw new RangeError(`nothing in slot ${slot}`);
    return item;
  }

  remove(slot: number): void {
    this.#items[slot] = undefined;
    this.#vacant.push(slot);
  }
}
