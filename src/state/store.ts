/** A value that another engine changed. */
export interface ForeignChange {
  readonly scope: string;
  readonly key: string;
}

/**
 * Small named values, grouped by scope: what `state::*` keeps, and what the engine itself has to
 * remember. Values are JSON text.
 */
export interface StateStore {
  open(): Promise<void>;

  /** `undefined` when there is none. */
  get(scope: string, key: string): Promise<string | undefined>;

  /** Every value of a scope, by key in order. */
  list(scope: string): Promise<ReadonlyMap<string, string>>;

  /** Scopes that hold at least one value, in order. */
  scopes(): Promise<readonly string[]>;

  /**
   * Replaces one value by what `change` makes of it, as one step: no other change comes between.
   * `undefined` stands for no value. Resolves when the new value is as safe as the store promises,
   * with the value before and the one now.
   */
  update(
    scope: string,
    key: string,
    change: (before: string | undefined) => string | undefined,
  ): Promise<{ readonly before: string | undefined; readonly after: string | undefined }>;

  /**
   * Calls `listener` after another engine on the same data changed a value, and with `null` when
   * such changes may have been missed; only where there can be another engine.
   */
  watch?(listener: (change: ForeignChange | null) => void): void;

  /**
   * `true` for the first caller of all engines on the same data, `false` for the others until
   * `forMs` have passed; only where several engines can be.
   */
  claim?(name: string, forMs: number): Promise<boolean>;

  close(): Promise<void>;
}
