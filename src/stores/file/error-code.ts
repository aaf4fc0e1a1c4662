import { getSystemErrorMap } from 'node:util';
import { messageOf } from '../../base/errors.ts';

/**
 * A transaction that LMDB gave up before anything of it was current. It happens, very rarely, to one that is
 * in order, when the list of free pages is written (lmdb 3.5 looks at a variable that was not set), and
 * not to the same one in a new environment.
 */
export const GIVEN_UP = 'MDB_BAD_TXN';

/** The name of a system error, or of LMDB's own: `ENOSPC`, `MDB_CORRUPTED`; `UNKNOWN` for the rest. */
export function codeOf(thrown: unknown): string {
  const name = /^MDB_\w+/.exec(messageOf(thrown));
  if (name !== null) return name[0];
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string') return code;
  return getSystemErrorMap().get(-Number(code))?.[0] ?? 'UNKNOWN';
}
