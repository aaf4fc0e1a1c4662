/** Values in memory, by scope and key. */
export class ScopedValues {
  readonly #scopes = new Map<string, Map<string, string>>();

  get(scope: string, key: string): string | undefined {
    return this.#scopes.get(scope)?.get(key);
  }

  /** @param value `undefined` takes it away */
  put(scope: string, key: string, value: string | undefined): void {
    const values = this.#scopes.get(scope) ?? new Map<string, string>();
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    if (values.size === 0) this.#scopes.delete(scope);
    else this.#scopes.set(scope, values);
  }

  /** Every value of a scope, by key in order. */
  list(scope: string): ReadonlyMap<string, string> {
    const entries = [...(this.#scopes.get(scope) ?? [])];
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Scopes that hold a value, in order. */
  scopes(): readonly string[] {
    return [...this.#scopes.keys()].sort();
  }
}
