import { parseDuration } from '../base/duration.ts';
import { parseTime } from '../base/time.ts';
import { usageError } from './usage.ts';

/** What has to be known of a command to read its words. */
interface Shape {
  readonly path: readonly string[];
  readonly arguments?: readonly { readonly name: string }[];
}

type Values = Readonly<Record<string, unknown>>;

/** The words after a command, read as what they are meant to be; a wrong one is a usage error. */
export class CommandInput {
  readonly #spec: Shape;
  readonly #arguments: readonly string[];
  readonly #options: Values;

  constructor(spec: Shape, args: readonly string[], options: Values) {
    this.#spec = spec;
    this.#arguments = args;
    this.#options = options;
  }

  /** The same words with some options set. */
  static with(input: CommandInput, options: Values): CommandInput {
    return new CommandInput(input.#spec, input.#arguments, { ...input.#options, ...options });
  }

  /** Whether one of these options was given. */
  hasAny(keys: readonly string[]): boolean {
    return keys.some((key) => this.#options[key] !== undefined);
  }

  /** A required argument; the parser has made sure it is there. */
  argument(name: string): string {
    return this.optionalArgument(name) ?? '';
  }

  optionalArgument(name: string): string | undefined {
    return this.#arguments[this.#place(name)];
  }

  /** All words of a variadic argument. */
  rest(name: string): readonly string[] {
    return this.#arguments.slice(this.#place(name));
  }

  flag(key: string): boolean {
    return this.#options[key] === true;
  }

  text(key: string): string | undefined {
    const value = this.#options[key];
    return typeof value === 'string' ? value : undefined;
  }

  required(key: string, hint: string): string {
    const value = this.text(key);
    if (value === undefined || value === '') {
      throw usageError(
        `'${this.#spec.path.join(' ')}' needs --${kebab(key)}`,
        `iii ${this.#spec.path.join(' ')} ${hint}`,
        value === undefined ? 'it is not given' : 'it is empty',
      );
    }
    return value;
  }

  /** The values of a repeatable option. */
  list(key: string): readonly string[] {
    const value = this.#options[key];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** A whole number of at least `min`. */
  count(key: string, min = 0): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    const isWritten = /^\d+$/.test(text);
    if (isWritten && Number.isSafeInteger(value) && value >= min) return value;
    const reason = !isWritten
      ? 'it is not in digits alone'
      : value < min
        ? `${text} is less than ${String(min)}`
        : 'it is too large to be counted exactly';
    throw usageError(
      `--${kebab(key)} must be a whole number of at least ${String(min)}, not '${text}'`,
      `give one, such as --${kebab(key)} 10, or leave it out`,
      reason,
    );
  }

  /** A duration in milliseconds, of at least `min`. */
  duration(key: string, min = 0): number | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const ms = readDuration(text, `--${kebab(key)}`);
    if (ms >= min) return ms;
    const reason = `it comes to ${String(ms)}ms`;
    throw usageError(`--${kebab(key)} is too short: '${text}'`, `give at least ${min}ms`, reason);
  }

  /** A point in time in milliseconds since the epoch. */
  time(key: string, nowMs: number): number | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : readTime(text, `--${kebab(key)}`, nowMs, 'now+5m');
  }

  /** A point in time that is still to come, in milliseconds since the epoch. */
  timeToCome(key: string, nowMs: number): number | undefined {
    const at = this.time(key, nowMs);
    if (at === undefined || at > nowMs) return at;
    throw usageError(
      `--${kebab(key)} is not a time to come: '${this.text(key) ?? ''}'`,
      `give a later one, such as --${kebab(key)} now+2h`,
      `${new Date(at).toISOString()} is over`,
    );
  }

  #place(name: string): number {
    return (this.#spec.arguments ?? []).findIndex((argument) => argument.name === name);
  }
}

/** @returns milliseconds; a usage error that names `where` when the text is not a duration */
export function readDuration(text: string, where: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  const isBare = /^0*[1-9]\d*$/.test(text);
  throw usageError(
    `${where} is not a duration: '${text}'`,
    `give a unit: ${isBare ? `${text}s or ${text}ms` : '30s, 5m, 2h or 7d'}`,
    isBare ? 'a number alone does not say of what' : 'it is not a number with a unit of time',
  );
}

/**
 * @param example what is written for a time near now
 * @returns milliseconds since the epoch; a usage error that names `where` when the text is no time
 */
export function readTime(text: string, where: string, nowMs: number, example: string): number {
  const at = parseTime(text, nowMs);
  if (at !== undefined) return at;
  throw usageError(
    `${where} is not a time: '${text}'`,
    `write RFC 3339 with a zone (2026-01-31T09:00:00Z), or ${example}`,
    'it says neither a date with its time and zone, nor how far it is from now',
  );
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
