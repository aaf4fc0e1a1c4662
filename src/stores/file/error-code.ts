import { getSystemErrorMap } from 'node:util';
import { messageOf } from '../../base/errors.ts';

/** The name of a system error, or of LMDB's own: `ENOSPC`, `MDB_CORRUPTED`; `UNKNOWN` for the rest. */
export function codeOf(thrown: unknown): string {
  const name = /^MDB_\w+/.exec(messageOf(thrown));
  if (name !== null) return name[0];
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (typeof code === 'string') return code;
  return getSystemErrorMap().get(-Number(code))?.[0] ?? 'UNKNOWN';
}
