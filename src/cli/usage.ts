import { IiiError } from '../base/errors.ts';

/** The command was written wrongly: exit status 2. */
export function usageError(message: string, hint?: string, reason?: string): IiiError {
  return new IiiError('USAGE', message, { hint, reason });
}
