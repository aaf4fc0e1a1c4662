/** Where a value comes from. */
export type Origin =
  | {
      readonly kind: 'file';
      readonly file: string | null;
      /** Counted from 1. */
      readonly line: number;
      /** The variable whose value stands there; `null` when the value itself does. */
      readonly variable: string | null;
    }
  | { readonly kind: 'variable'; readonly variable: string }
  | { readonly kind: 'option'; readonly option: string }
  | { readonly kind: 'default' }
  /** Applied to the running engine. */
  | {
      readonly kind: 'applied';
      readonly by: string;
      /** RFC 3339. */
      readonly at: string;
      readonly file: string | null;
    };

/** Origins by setting; a setting that is not here has its default. */
export type Origins = ReadonlyMap<string, Origin>;
