import { cutError } from './job-error.ts';
import { LIMITS } from './limits.ts';
import type { AttemptRecord } from './types.ts';

/** The history with `record` at its end, its error cut, and only the last `LIMITS.historyLength` kept. */
export function appendHistory(
  history: readonly AttemptRecord[],
  record: AttemptRecord,
): readonly AttemptRecord[] {
  const error = record.error === null ? null : cutError(record.error);
  const last = error === record.error ? record : { ...record, error };
  if (history.length === 0) return [last];
  return [...history.slice(1 - LIMITS.historyLength), last];
}
