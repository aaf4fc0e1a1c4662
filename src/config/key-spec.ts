import type { Tree } from './tree.ts';

/** What one key of a section holds. Checking, suggestions and the reference all come from this. */
export type KeySpec = KeyValue & {
  /** One sentence for the reference. */
  readonly doc: string;
  /**
   * The value when the key is absent. `null`: the key may be left open, and may be written as
   * `null`. Without a default the value is `undefined`.
   */
  readonly default?: string | number | boolean | null;
  readonly required?: true;
  /** Names people use for it. */
  readonly alsoCalled?: readonly string[];
  /** Reported as a warning whenever the key is there. */
  readonly notice?: KeyNotice;
};

export type KeyValue =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'text'; readonly mayBeEmpty?: true }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'texts' }
  /** Read by code of its own: a further section, a list, or anything. */
  | { readonly kind: 'map' | 'list' | 'any' };

export interface KeyNotice {
  readonly code: 'no_effect' | 'unsupported';
  readonly message: string;
}

export type KeyTable = Readonly<Record<string, KeySpec>>;

type Written<S extends KeySpec> = S extends { readonly kind: 'integer' | 'number' }
  ? number
  : S extends { readonly kind: 'boolean' }
    ? boolean
    : S extends { readonly kind: 'texts' }
      ? readonly string[]
      : S extends { readonly kind: 'choice'; readonly of: readonly (infer C)[] }
        ? C
        : S extends { readonly kind: 'text' }
          ? string
          : Tree;

type Filled<S extends KeySpec> = S extends { readonly default: null }
  ? Written<S> | null
  : S extends { readonly default: string | number | boolean }
    ? Written<S>
    : Written<S> | undefined;

/** The values of a section, defaults filled in. A value that is wrong reads as if absent. */
export type Values<T extends KeyTable> = { readonly [K in keyof T]: Filled<T[K]> };
