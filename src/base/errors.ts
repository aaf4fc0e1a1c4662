/**
 * Every error code with the exit status the command line gives it. Codes in lower case travel on
 * the wire to workers, codes in upper case are the command line's and the admin functions' own.
 */
const EXIT_STATUS = {
  // wire codes
  enqueue_error: 1,
  function_not_found: 5,
  invocation_stopped: 1,
  invocation_error: 1,
  invocation_failed: 1,
  channel_send_failed: 1,
  timeout: 6,
  trigger_registration_failed: 1,
  queue_not_set: 2,
  message_id_not_set: 2,
  topic_required: 2,
  topic_not_set: 2,
  serialization_error: 1,
  FORBIDDEN: 4,
  AUTH_ERROR: 4,
  SET_ERROR: 1,
  GET_ERROR: 1,
  DELETE_ERROR: 1,
  UPDATE_ERROR: 1,
  LIST_ERROR: 1,
  LIST_GROUPS_ERROR: 1,
  VALUE_TOO_LARGE: 1,
  // admin functions
  INVALID_ARGUMENTS: 2,
  SELECTOR_INVALID: 2,
  NOT_FOUND: 5,
  QUEUE_NOT_FOUND: 5,
  JOB_NOT_FOUND: 5,
  CONFLICT: 7,
  UNAVAILABLE: 6,
  INTERNAL: 1,
  // command line
  USAGE: 2,
  CONFIG_INVALID: 2,
  CONFIRMATION_NEEDED: 2,
  ENGINE_UNREACHABLE: 6,
  TIMEOUT: 6,
  JOB_FAILED: 1,
  PARTLY_DONE: 3,
  PORT_IN_USE: 7,
  TOKEN_REQUIRED: 4,
  STORE_LOCKED: 7,
  STORE_FAILED: 1,
  STORE_DAMAGED: 1,
  OUTPUT_FAILED: 1,
  INTERRUPTED: 130,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

export interface ErrorOptions {
  /** What the reader can do next: a command, or a sentence that can be followed. */
  readonly hint?: string | undefined;
  /** Why it is so, for people. */
  readonly reason?: string | undefined;
  /** Facts for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The one error class of the product: a code from the table, a sentence, and what to do next. */
export class IiiError extends Error {
  override readonly name = 'IiiError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly reason: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.reason = options.reason;
    this.details = options.details;
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(EXIT_STATUS, code);
}

/** Exit status of the command line for an error code; codes it does not know end with 1. */
export function exitStatusOf(code: string): number {
  return isErrorCode(code) ? EXIT_STATUS[code] : 1;
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
