import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';

/** What the shell can offer for a word: asked from the running engine, the user's contexts or the file system. */
export type Completion = 'queue' | 'job' | 'dead' | 'function' | 'context' | 'file' | 'directory';

export interface ArgumentSpec {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
  readonly choices?: readonly string[];
  readonly completes?: Completion;
}

export interface OptionSpec {
  /** As written in help: `-c, --config <file>`. Without a `<value>` it is a switch. */
  readonly flags: string;
  readonly summary: string;
  readonly choices?: readonly string[];
  /** May be given several times. */
  readonly repeatable?: boolean;
  readonly completes?: Completion;
  /** Works but is not shown: other names kept for scripts. */
  readonly hidden?: boolean;
}

export interface Example {
  readonly command: string;
  readonly does: string;
}

/** Runs one command. The number is the exit status; none means 0. */
export type RunCommand = (context: Context, input: CommandInput) => Promise<number | undefined>;

/** One command as help, parser and completions see it; the code that runs it is loaded when it runs. */
export interface CommandSpec {
  /** Words of the command: noun and verb, or one word. */
  readonly path: readonly string[];
  readonly summary: string;
  /** Further sentences for `--help`. */
  readonly notes?: readonly string[];
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly Example[];
  readonly hidden?: boolean;
  /** Output formats beyond the common ones. */
  readonly formats?: readonly string[];
  /** The command decides itself what a signal means. */
  readonly ownsSignals?: boolean;
  readonly load: () => Promise<{ readonly run: RunCommand }>;
}

export interface NounSpec {
  readonly name: string;
  readonly summary: string;
}
