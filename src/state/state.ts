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
  /** What the change was part of. */
  readonly origin?: ChangeOrigin | undefined;
}

/** Trace context of whoever makes a change, as W3C has it. */
export interface ChangeOrigin {
  readonly traceparent: string | null;
  readonly baggage: string | null;
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
  async set(
    scope: string,
    key: string,
    value: string,
    origin?: ChangeOrigin,
  ): Promise<StateChange> {
    this.#checkSize(value);
    return this.#change(scope, key, () => value, origin);
  }

  delete(scope: string, key: string, origin?: ChangeOrigin): Promise<StateChange> {
    return this.#change(scope, key, () => undefined, origin);
  }

  /** @throws IiiError VALUE_TOO_LARGE; the value stays as it was */
  async update(
    scope: string,
    key: string,
    ops: readonly string[],
    origin?: ChangeOrigin,
  ): Promise<StateChange & { readonly errors: readonly UpdateError[] }> {
    let errors: readonly UpdateError[] = [];
    const apply = (before: string | undefined): string => {
      const updated = applyUpdate(before, ops);
      this.#checkSize(updated.value);
      errors = updated.errors;
      return updated.value;
    };
    const change = await this.#change(scope, key, apply, origin);
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
    origin: ChangeOrigin | undefined,
  ): Promise<StateChange> {
    checkScope(scope);
    const { before = null, after = null } = await this.#store.update(scope, key, change);
    const changed = { scope, key, before, after };
    const told = origin === undefined ? changed : { ...changed, origin: contextOf(origin) };
    for (const watcher of this.#watchers) watcher(told);
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

/** Only the context: whoever calls may give more. */
function contextOf({ traceparent, baggage }: ChangeOrigin): ChangeOrigin {
  return { traceparent, baggage };
}

function checkScope(scope: string): void {
  if (!scope.startsWith(OWN_PREFIX)) return;
  throw new IiiError('FORBIDDEN', `scopes that begin with '${OWN_PREFIX}' belong to the engine`);
}
