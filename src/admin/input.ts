import { IiiError } from '../base/errors.ts';

/** The input of an admin function: an object whose members are read with a check each. */
export class Input {
  readonly #members: Readonly<Record<string, unknown>>;

  /** @throws IiiError INVALID_ARGUMENTS when the text is neither an object nor null */
  constructor(text: string) {
    const value: unknown = JSON.parse(text);
    if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
      throw invalid('the input must be an object');
    }
    this.#members = Object.assign(Object.create(null) as Record<string, unknown>, value);
  }

  optionalString(key: string): string | undefined {
    const value = this.#members[key] ?? undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(`${key} must be a string`);
  }

  string(key: string): string {
    const value = this.optionalString(key);
    if (value !== undefined && value !== '') return value;
    throw invalid(`${key} is required`);
  }

  optionalStrings(key: string): readonly string[] | undefined {
    const value = this.#members[key] ?? undefined;
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw invalid(`${key} must be a list of strings`);
  }

  optionalCount(key: string, max: number): number | undefined {
    const value = this.#members[key] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) {
      return value;
    }
    throw invalid(`${key} must be a whole number from 0 to ${max}`);
  }

  flag(key: string): boolean {
    const value = this.#members[key] ?? false;
    if (typeof value === 'boolean') return value;
    throw invalid(`${key} must be true or false`);
  }

  /** A member as it came. */
  raw(key: string): unknown {
    return this.#members[key];
  }
}

export function invalid(message: string, hint?: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', message, { hint });
}
