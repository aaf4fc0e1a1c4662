import type { ChangeVisitor, Changes } from './record-port.ts';
import type { RecordKey, Table } from './tables.ts';
import { RecordWriter } from './record-writer.ts';

/** Writes that take place together, in the order in which they were added, or not at all. */
export class WriteBatch implements Changes {
  /** Where the records of this batch are encoded. */
  readonly writer = new RecordWriter();
  readonly #tables: Table[] = [];
  readonly #keys: RecordKey[] = [];
  readonly #values: (Buffer | null)[] = [];

  get size(): number {
    return this.#tables.length;
  }

  /** @param value good until the batch is done */
  put(table: Table, key: RecordKey, value: Buffer): void {
    this.#tables.push(table);
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** Removing what is not there is no error. */
  remove(table: Table, key: RecordKey): void {
    this.#tables.push(table);
    this.#keys.push(key);
    this.#values.push(null);
  }

  forEach(visit: ChangeVisitor): void {
    this.#tables.forEach((table, at) => {
      visit(table, this.#keys[at] ?? 0, this.#values[at] ?? null);
    });
  }

  /** Empties it for the next use. */
  reset(): void {
    this.writer.reset();
    this.#tables.length = 0;
    this.#keys.length = 0;
    this.#values.length = 0;
  }
}
