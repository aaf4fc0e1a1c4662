import { inspect } from 'node:util';
import type { Logger } from '../base/logger.ts';

/**
 * Has what libraries print on the console written to the log, at its lowest level. lmdb prints a stack
 * trace of each commit that fails; the store reports the failure in its own words, once.
 * @returns gives the console back
 */
export function sendConsoleToLog(log: Logger): () => void {
  const { error, warn } = console;
  const write = (...printed: readonly unknown[]): void => {
    log.debug('a library printed', { printed: printed.map(textOf).join(' ') });
  };
  Object.assign(console, { error: write, warn: write });
  return () => {
    Object.assign(console, { error, warn });
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value);
}
