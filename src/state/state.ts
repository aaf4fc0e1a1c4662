import { IiiError } from '../base/errors.ts';
import type { StateStore } from './store.ts';
import { applyUpdate, type UpdateError } from './update.ts';

/** Scopes that begin like this are the engine's own: nobody else sees or changes them. */
const OWN_PREFIX = 'iii::';

/** A value before and after a change, as JSON text; `null` where there is none. */
export interface StateChange {
  readonly scope: string;
  readonly key: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface StateParts {
  readonly store: StateStore;
  /** Largest value in bytes; `null`: no limit of its own. */
  readonly maxValueBytes: number | null;
}

/**
 * The values users keep in the engine, by scope and key. Values are JSON text and come back as they
 * were written. Changes of one key take place one after the other.
 */
export class State {
  readonly #store: StateStore;
  readonly #maxValueBytes: number | null;
  readonly #watchers = new Set<(change: StateChange) => void>();

  constructor({ store, maxValueBytes }: StateParts) {
    this.#store = store;
    this.#maxValueBytes = maxValueBytes;
  }

  /** `null` when there is none. */
  async get(scope: string, key: string): Promise<string | null> {
    checkScope(scope);
    return (await this.#store.get(scope, key)) ?? null;
  }

  /** @throws IiiError VALUE_TOO_LARGE */
  async set(scope: string, key: string, value: string): Promise<StateChange> {
    this.#checkSize(value);
    return this.#change(scope, key, () => value);
  }

  delete(scope: string, key: string): Promise<StateChange> {
    return this.#change(scope, key, () => undefined);
  }

  /** @throws IiiError VALUE_TOO_LARGE; the value stays as it was */
  async update(
    scope: string,
    key: string,
    ops: readonly string[],
  ): Promise<StateChange & { readonly errors: readonly UpdateError[] }> {
    let errors: readonly UpdateError[] = [];
    const change = await this.#change(scope, key, (before) => {
      const updated = applyUpdate(before, ops);
      this.#checkSize(updated.value);
      errors = updated.errors;
      return updated.value;
    });
    return { ...change, errors };
  }

  /** The values of a scope, by key in order. */
  async list(scope: string): Promise<string[]> {
    checkScope(scope);
    return [...(await this.#store.list(scope)).values()];
  }

  /** Scopes that hold a value, in order. */
  async groups(): Promise<string[]> {
    return (await this.#store.scopes()).filter((scope) => !scope.startsWith(OWN_PREFIX));
  }

  /** Calls `watcher` after every change, also one to the same value, and a deletion of nothing. */
  watch(watcher: (change: StateChange) => void): void {
    this.#watchers.add(watcher);
  }

  async #change(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<StateChange> {
    checkScope(scope);
    const { before = null, after = null } = await this.#store.update(scope, key, change);
    const changed = { scope, key, before, after };
    for (const watcher of this.#watchers) watcher(changed);
    return changed;
  }

  #checkSize(value: string): void {
    if (this.#maxValueBytes === null) return;
    const bytes = new TextEncoder().encode(value).length;
    if (bytes <= this.#maxValueBytes) return;
    throw new IiiError(
      'VALUE_TOO_LARGE',
      `the value has ${bytes} bytes; max_value_bytes allows ${this.#maxValueBytes}`,
    );
  }
}

function checkScope(scope: string): void {
  if (!scope.startsWith(OWN_PREFIX)) return;
  throw new IiiError('FORBIDDEN', `scopes that begin with '${OWN_PREFIX}' belong to the engine`);
}
