import type { StateStore } from '../../state/store.ts';

/** Values in memory; gone when the process ends. */
export class MemoryStateStore implements StateStore {
  readonly #scopes = new Map<string, Map<string, string>>();

  open(): Promise<void> {
    return Promise.resolve();
  }

  get(scope: string, key: string): Promise<string | undefined> {
    return Promise.resolve(this.#scopes.get(scope)?.get(key));
  }

  list(scope: string): Promise<ReadonlyMap<string, string>> {
    const entries = [...(this.#scopes.get(scope) ?? [])];
    return Promise.resolve(new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1))));
  }

  scopes(): Promise<readonly string[]> {
    return Promise.resolve([...this.#scopes.keys()].sort());
  }

  update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }> {
    const values = this.#scopes.get(scope) ?? new Map<string, string>();
    const before = values.get(key);
    const after = change(before);
    if (after === undefined) values.delete(key);
    else values.set(key, after);
    if (values.size === 0) this.#scopes.delete(scope);
    else this.#scopes.set(scope, values);
    return Promise.resolve({ before, after });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
