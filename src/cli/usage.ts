import { IiiError } from '../base/errors.ts';

/** The command was written wrongly, what to write instead, and why: exit status 2. */
export function usageError(message: string, hint: string, reason: string): IiiError {
  return new IiiError('USAGE', message, { hint, reason });
}

/** Options or words that cannot be given together. */
export function contradiction(what: string, hint = 'give one of them'): IiiError {
  return usageError(`${what} contradict each other`, hint, 'each of them says it in another way');
}
