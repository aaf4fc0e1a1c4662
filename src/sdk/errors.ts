import { messageOf } from '../base/errors.ts';
import type { WireError } from '../protocol/messages.ts';

/** Codes with which a handler decides what becomes of its job. */
const NON_RETRYABLE = 'non_retryable';
const RETRY_AFTER = 'retry_after';

/** A call that failed: in the function, in the engine, or on the way there. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  /**
   * The code of the function's or the engine's error. Made here: `TIMEOUT`, `connection_lost` (it may
   * have been carried out), `not_connected` and `worker_stopped` (it was not), `AUTH_ERROR`,
   * `serialization_error`.
   */
  readonly code: string;
  readonly function_id: string;
  /** The message, when the engine refused to enqueue. */
  readonly enqueue_error: string | undefined;
  /** Stack of the error where it was thrown. */
  readonly stacktrace: string | undefined;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What the caller can do next. */
  readonly hint: string | undefined;
  /** Facts for programs. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(error: WireError, functionId: string) {
    super(error.message);
    this.code = error.code;
    this.function_id = functionId;
    this.enqueue_error = error.code === 'enqueue_error' ? error.message : undefined;
    this.stacktrace = error.stacktrace;
    this.retryable = error.retryable === true;
    this.hint = error.hint;
    this.details = error.details;
  }
}

/** Thrown by a handler: the job is dead at once, whatever attempts it has left. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
  readonly code = NON_RETRYABLE;
}

/** Thrown by a handler: the attempt failed, and the next one starts after `ms`. */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly code = RETRY_AFTER;
  readonly retry_after_ms: number;

  constructor(ms: number, message = `to be tried again after ${ms} ms`) {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError('RetryAfter needs milliseconds');
    super(message);
    this.retry_after_ms = ms;
  }
}

/**
 * What a handler threw, as it travels. The code of an error is kept, but what another function said
 * about its own job decides nothing about this one.
 */
export function toWireError(thrown: unknown): WireError {
  const { code, retry_after_ms } = Object(thrown) as Readonly<Record<string, unknown>>;
  const ownCode = typeof code === 'string' && code !== '' ? code : 'invocation_failed';
  const fromAnother =
    thrown instanceof InvocationError && [NON_RETRYABLE, RETRY_AFTER].includes(ownCode);
  return {
    code: fromAnother ? 'invocation_failed' : ownCode,
    message: describeThrown(thrown),
    ...(thrown instanceof Error && thrown.stack !== undefined && { stacktrace: thrown.stack }),
    ...(typeof retry_after_ms === 'number' && { retry_after_ms }),
  };
}

function describeThrown(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || thrown instanceof Error) {
    return messageOf(thrown);
  }
  const { message } = thrown as Readonly<Record<string, unknown>>;
  if (typeof message === 'string') return message;
  try {
    return JSON.stringify(thrown);
  } catch {
    return 'something was thrown that is no error and cannot be written as JSON';
  }
}
