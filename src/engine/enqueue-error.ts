import { IiiError } from '../base/errors.ts';
import type { WireError } from '../protocol/messages.ts';
import { toWireError } from './invoke.ts';

/** A rejected enqueue. */
export function enqueueError(message: string, hint?: string): IiiError {
  return new IiiError('enqueue_error', message, { hint });
}

/** Whatever went wrong, a producer sees `enqueue_error`; a failure of the store may pass. */
export function toEnqueueError(thrown: unknown): WireError {
  if (thrown instanceof IiiError && thrown.code === 'enqueue_error') {
    const error = toWireError(thrown);
    return thrown.details?.['retryable'] === true ? { ...error, retryable: true } : error;
  }
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof IiiError && thrown.details?.['uncertain'] === true)) {
    const error = enqueueError(`the job could not be stored: ${cause}`, 'try again later');
    return { ...toWireError(error), retryable: true };
  }
  const error = enqueueError(
    `it is not known whether the job was stored: ${cause}`,
    'look for it before you enqueue it again; with a dedup_key that is safe without looking',
  );
  return { ...toWireError(error), retryable: true, details: { uncertain: true } };
}
