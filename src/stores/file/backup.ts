import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import { DATA_FILE } from './data-file.ts';
import type { StoreReport } from './inspect.ts';
import { inspectStore, stateFolderOf, withRecords } from './inspect.ts';
import type { Damage } from './recover.ts';
import { FORMAT_FILE, syncFile, syncFolder } from './store-folder.ts';
import { STATE_FOLDER } from './tables.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Copies a store with its state, also while an engine writes to them, and checks the copy. The jobs are
 * as they were at one instant, and so are the values.
 * @returns what is in the copy; its damages are also those of the journal, which the copy is without
 * @throws IiiError CONFLICT when the target is not empty, and as `inspectStore`
 */
export async function backUpStore(path: string, target: string): Promise<StoreReport> {
  const copy = resolve(target);
  const damages: Damage[] = [];
  await copyStore(path, copy, damages, async (folder) => {
    // The values after the jobs: what a job has done may then be there before its end, as after a
    // crash. The other way round the job could be over and what it did be missing.
    const state = stateFolderOf(folder);
    if (state === null) return;
    await copyStore(state, join(copy, STATE_FOLDER), damages, async () => undefined);
  });
  const report = await inspectStore(copy);
  return { ...report, damages: [...damages, ...report.damages] };
}

/**
 * What `backUpStore` would copy; writes nothing.
 * @throws IiiError as `backUpStore`
 */
export function planBackUp(path: string, target: string): Promise<StoreReport> {
  const copy = resolve(target);
  if (existsSync(copy)) refuseFull(copy);
  return inspectStore(path);
}

/**
 * @param damages added to with what is wrong with the journal: the copy has the rest of it
 * @param copyRest called when the records are copied, before the copy can be taken for a store
 */
async function copyStore(
  path: string,
  copy: string,
  damages: Damage[],
  copyRest: (folder: string) => Promise<void>,
): Promise<void> {
  await withRecords(path, async (records, { folder }) => {
    makeEmpty(copy);
    await records.copyTo(copy);
    damages.push(...records.damages);
    await copyRest(folder);
    copyFileSync(join(folder, FORMAT_FILE), join(copy, FORMAT_FILE));
    for (const name of [DATA_FILE, FORMAT_FILE]) {
      chmodSync(join(copy, name), FILE_MODE);
      syncFile(join(copy, name));
    }
    syncFolder(copy);
  });
}

function makeEmpty(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  refuseFull(folder);
}

function refuseFull(folder: string): void {
  if (readdirSync(folder).length === 0) return;
  throw new IiiError('CONFLICT', `The folder ${folder} is not empty.`, {
    hint: 'Give a new folder for the copy.',
    details: { folder },
  });
}
