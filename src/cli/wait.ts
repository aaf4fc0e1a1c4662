import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Context } from './context.ts';

/** Resolves after `ms`, or rejects with the signal's reason as soon as it is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(reasonOf(signal));
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** The error a signal was aborted with. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}

/** When a wait that `--timeout` limits is over, in milliseconds since the epoch; without it, never. */
export function deadlineOf({ settings, clock }: Context): number {
  return settings.timeoutGiven ? clock.now() + settings.timeoutMs : Number.POSITIVE_INFINITY;
}

/** @param reason how it stands, and that it goes on */
export function tooLate(what: string, timeoutMs: number, reason: string, hint: string): IiiError {
  return new IiiError('TIMEOUT', `${what} was not done within ${timeoutMs / 1_000} s`, {
    reason,
    hint: `wait longer with --timeout, or see why with ${hint}`,
  });
}
