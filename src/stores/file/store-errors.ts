import { IiiError, messageOf } from '../../base/errors.ts';
import type { CommitFailure } from './commit-failure.ts';
import { codeOf, GIVEN_UP } from './error-code.ts';
import type { Damage } from './recover.ts';

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full',
  EDQUOT: 'disk quota used up',
  EIO: 'input/output error',
  EROFS: 'read-only file system',
  EACCES: 'permission denied',
  ENOENT: 'the files are gone',
  MDB_MAP_FULL: 'the database file cannot grow',
};

/** What LMDB says about a file it cannot read. What has no code is a key that makes no sense. */
const DAMAGE = new Set([
  'MDB_CORRUPTED',
  'MDB_INVALID',
  'MDB_PAGE_NOTFOUND',
  'MDB_VERSION_MISMATCH',
  'MDB_PANIC',
  'UNKNOWN',
]);

/** Damaged records named in an error; the rest are counted. */
const DAMAGES_SHOWN = 5;

/**
 * A change that is not on disk: nothing of it took place. Trying again is worth it unless fatal.
 * @param uncertain whether it may be on disk all the same, as after a write that ended with an I/O error
 */
export function writeFailed(folder: string, failure: CommitFailure, uncertain = false): IiiError {
  const known = CAUSES[failure.code];
  const cause = known === undefined ? failure.message : `${known} (${failure.code})`;
  return new IiiError('STORE_FAILED', `The store in ${folder} cannot write: ${cause}.`, {
    reason: failure.fatal
      ? 'Whether the last changes are on disk is not known, so this process must start again and look.'
      : 'Nothing of the change took place.',
    hint: failure.fatal
      ? `Look at the disk, then start again; iii store verify ${folder} checks what is there.`
      : `${failure.code === GIVEN_UP ? '' : 'Make room on the disk. '}It is tried again all the time.`,
    details: {
      folder,
      errno: failure.code,
      retryable: !failure.fatal,
      ...(uncertain && { uncertain }),
    },
    cause: failure,
  });
}

/** Whatever kept a store from being opened. */
export function openFailed(folder: string, thrown: unknown): IiiError {
  if (thrown instanceof IiiError) return thrown;
  const message = messageOf(thrown);
  const code = codeOf(thrown);
  const isDamage = DAMAGE.has(code);
  const known = CAUSES[code];
  return new IiiError(
    isDamage ? 'STORE_DAMAGED' : 'STORE_FAILED',
    isDamage
      ? `The database file in ${folder} is damaged.`
      : `The store in ${folder} cannot be opened${known === undefined ? '' : `: ${known} (${code})`}.`,
    {
      reason: message,
      hint: isDamage
        ? 'Nothing was changed. Restore the folder from a backup (iii store backup makes one).'
        : code === GIVEN_UP
          ? `Start again. If it stays like this, iii store backup ${folder} TO makes a copy that can be written to.`
          : 'Check that the folder can be written to by this user and that the disk has room.',
      details: { folder },
      cause: thrown,
    },
  );
}

export function storeDamaged(folder: string, damages: readonly Damage[]): IiiError {
  const shown = damages.slice(0, DAMAGES_SHOWN).map(describeDamage);
  if (damages.length > shown.length) shown.push(`And ${damages.length - shown.length} more.`);
  const count = damages.length === 1 ? '1 damaged record' : `${damages.length} damaged records`;
  return new IiiError('STORE_DAMAGED', `The store in ${folder} has ${count}.`, {
    reason: `${shown.join(' ')} Nothing was changed.`,
    hint: `iii store verify ${folder} lists them; iii serve --repair puts them aside and goes on with the rest.`,
    details: { folder, damages },
  });
}

/** A damaged record in a sentence: where it is, whose it is, and what is wrong. */
function describeDamage({ table, key, jobId, problem }: Damage): string {
  const whose = jobId === null ? '' : ` (job ${jobId})`;
  return `${table} record ${key}${whose}: ${problem}`;
}
