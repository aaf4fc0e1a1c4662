import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { checkDataFile } from './data-file.ts';
import { LmdbRecords } from './lmdb-records.ts';
import type { Repair } from './open-journal.ts';
import { openJournal } from './open-journal.ts';
import type { RecordPort } from './record-port.ts';
import { openFailed } from './store-errors.ts';
import { checkFormat, makeFolder, raiseFormat, writeFormat } from './store-folder.ts';
import type { StoreLock } from './store-lock.ts';
import { lockStore } from './store-lock.ts';

const FILE_MODE = 0o600;
/**
 * A job that has ended, and of which nothing is kept, within a turn never goes into the database. So a
 * turn has room for many times the finished jobs that a queue keeps.
 */
const TURN_BYTES = 8 * 1024 * 1024;

/** @param isKnown whether the folder was a store before, so that its records must be there */
export type OpenRecords = (
  folder: string,
  isKnown: boolean,
  repair: Repair,
) => RecordPort | Promise<RecordPort>;

/** LMDB with a journal whose files take turns at so many bytes. */
export function journaled(turnBytes: number): OpenRecords {
  return async (folder, isKnown, repair) => {
    if (isKnown) checkDataFile(folder);
    const database = new LmdbRecords(folder, 'write');
    try {
      return await openJournal({ folder, database, turnBytes, repair });
    } catch (thrown) {
      await database.close();
      throw thrown;
    }
  };
}

export interface OpenStoreParts {
  /** The folder; made when it is not there. */
  readonly path: string;
  readonly log: Logger;
  /** Put what is damaged aside and go on, instead of refusing to open. */
  readonly repair?: boolean;
  /** Another database: for tests. */
  readonly openRecords?: OpenRecords | undefined;
}

/** A folder that this process alone writes to. */
export interface OpenedStore {
  readonly folder: string;
  readonly records: RecordPort;
  /** Gives the folder back. The records are closed before the lock goes. */
  close(): Promise<void>;
}

/**
 * Takes a store's folder, making it when it is not there.
 * @throws IiiError STORE_LOCKED, STORE_FAILED, STORE_DAMAGED; nothing is open then
 */
export async function openStore(parts: OpenStoreParts): Promise<OpenedStore> {
  const { path, log, openRecords = journaled(TURN_BYTES) } = parts;
  const repair = parts.repair === true ? log : null;
  const folder = makeFolder(path);
  let lock: StoreLock | undefined;
  let records: RecordPort | undefined;
  try {
    const isKnown = checkFormat(folder) !== null;
    lock = await lockStore(folder);
    if (isKnown) raiseFormat(folder);
    records = await openRecords(folder, isKnown, repair);
    restrictFiles(folder);
    // last, so that a folder with a format has everything else
    if (!isKnown) startFormat(folder, records);
    const [openedRecords, heldLock] = [records, lock];
    return {
      folder,
      records,
      close: async () => {
        await openedRecords.close();
        await heldLock.release();
      },
    };
  } catch (thrown) {
    await records?.close();
    await lock?.release();
    throw openFailed(folder, thrown);
  }
}

/** Marks an empty folder as a store of this version. */
function startFormat(folder: string, records: RecordPort): void {
  if (records.count('jobs') === 0) {
    writeFormat(folder);
    return;
  }
  throw new IiiError('STORE_DAMAGED', `The folder ${folder} has jobs but no store.json.`, {
    reason: 'It is not known which version wrote them. Nothing was changed.',
    hint: 'Restore store.json from a backup, or give another folder with --store DIR.',
    details: { folder },
  });
}

/** Payloads may be confidential: no file of a store is readable by others, whatever the umask. */
function restrictFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) chmodSync(join(folder, entry.name), FILE_MODE);
  }
}
