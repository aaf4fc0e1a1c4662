import { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { meansNothing } from '../base/suggest.ts';
import type { Binding } from '../engine/bindings.ts';

type Members = Readonly<Record<string, unknown>>;

/** The members of a trigger's config; a config that is no object has none. */
export function membersOf(config: unknown): Members {
  return typeof config === 'object' && config !== null && !Array.isArray(config)
    ? (config as Members)
    : {};
}

/**
 * A text of a trigger's config, or `null` when it is absent or empty.
 * @throws IiiError INVALID_ARGUMENTS when it is something else
 */
export function optionalText(config: unknown, name: string): string | null {
  const value = membersOf(config)[name] ?? null;
  if (value === null || value === '') return null;
  if (typeof value === 'string') return value;
  throw new IiiError('INVALID_ARGUMENTS', `${name} must be a string`);
}

/**
 * A text that a trigger cannot do without.
 * @throws IiiError INVALID_ARGUMENTS when it is absent, empty or something else
 */
export function requiredText(config: unknown, name: string): string {
  const value = optionalText(config, name);
  if (value !== null) return value;
  throw new IiiError('INVALID_ARGUMENTS', `${name} is required: the trigger would never fire`);
}

/**
 * Tells the log and the binding's worker of members of its config that nobody reads, such as a misspelt
 * one: without it a `scop` would stand for every scope.
 */
export function warnOfStray(
  { triggerType, functionId, config }: Binding,
  known: readonly string[],
  warn: (warning: string) => void,
  log: Logger,
): void {
  for (const key of Object.keys(membersOf(config))) {
    if (known.includes(key)) continue;
    const warning = meansNothing(key, known);
    warn(warning);
    const facts = { type: triggerType, function: functionId, warning };
    log.warn('a member of a trigger means nothing here', facts);
  }
}
