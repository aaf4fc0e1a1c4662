/* What the command `iii worker run` and the process that runs the files say to each other. */

export interface StartRun {
  readonly kind: 'start';
  /** Absolute paths. */
  readonly files: readonly string[];
  readonly url: string;
  readonly token: string | null;
  readonly name: string | null;
  readonly concurrency: number | null;
}

export type ToRun = StartRun | { readonly kind: 'stop'; readonly graceMs: number };

/** A function that runs, and the types of what triggers it. */
export interface RunningFunction {
  readonly id: string;
  readonly triggers: readonly string[];
}

export type FromRun =
  /** A file was loaded: one that was named, or one it imports. */
  | { readonly kind: 'loaded'; readonly path: string }
  | { readonly kind: 'ready'; readonly functions: readonly RunningFunction[] }
  | { readonly kind: 'problem'; readonly message: string }
  /** It cannot run; the process ends. */
  | {
      readonly kind: 'failed';
      readonly code: string | null;
      readonly message: string;
      readonly stack: string | null;
    };
