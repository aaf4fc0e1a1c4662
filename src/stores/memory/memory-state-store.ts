import { ScopedValues } from '../../state/scoped-values.ts';
import type { StateStore } from '../../state/store.ts';

/** Values in memory; gone when the process ends. */
export class MemoryStateStore implements StateStore {
  readonly #values = new ScopedValues();

  async open(): Promise<void> {}

  async get(scope: string, key: string): Promise<string | undefined> {
    return this.#values.get(scope, key);
  }

  async list(scope: string): Promise<ReadonlyMap<string, string>> {
    return this.#values.list(scope);
  }

  async scopes(): Promise<readonly string[]> {
    return this.#values.scopes();
  }

  async update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    const before = this.#values.get(scope, key);
    const after = change(before);
    this.#values.put(scope, key, after);
    return { before, after };
  }

  async close(): Promise<void> {}
}
