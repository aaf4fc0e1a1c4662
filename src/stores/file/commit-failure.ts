import { messageOf } from '../../base/errors.ts';

/** Why a batch is not on disk. */
export class CommitFailure extends Error {
  override readonly name = 'CommitFailure';
  /** Name of the system's or the database's error, such as `ENOSPC`. */
  readonly code: string;
  /** Whether the files can no longer be trusted by this process. */
  readonly fatal: boolean;

  constructor(message: string, code: string, fatal: boolean, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.fatal = fatal;
  }
}

/** What is not known to be harmless is not. */
export function failureOf(thrown: unknown): CommitFailure {
  if (thrown instanceof CommitFailure) return thrown;
  return new CommitFailure(messageOf(thrown), 'UNKNOWN', true, thrown);
}
