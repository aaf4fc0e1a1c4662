import { IiiError } from '../base/errors.ts';

/**
 * A server that is not there when the engine starts: the engine ends, with the exit code for what may
 * be there later. Once it runs it waits for the server and connects again.
 * @param message which server, where, and why
 * @param setting what names the server in the configuration
 */
export function storeUnreachable(message: string, setting: string, cause: unknown): IiiError {
  return new IiiError('UNAVAILABLE', message, {
    hint: `Start the server or correct ${setting}, then start the engine again: only once it runs it connects again by itself.`,
    details: { retryable: true },
    cause,
  });
}
