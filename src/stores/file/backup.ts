import { chmodSync, copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import { DATA_FILE } from './data-file.ts';
import type { StoreReport } from './inspect.ts';
import { inspectStore, withRecords } from './inspect.ts';
import { FORMAT_FILE, syncFile, syncFolder } from './store-folder.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Copies a store as it is at one instant, also while an engine writes to it, and checks the copy.
 * @returns what is in the copy
 * @throws IiiError CONFLICT when the target is not empty, and as `inspectStore`
 */
export async function backUpStore(path: string, target: string): Promise<StoreReport> {
  const copy = resolve(target);
  await withRecords(path, async (records, { folder }) => {
    makeEmpty(copy);
    await records.copyTo(copy);
    copyFileSync(join(folder, FORMAT_FILE), join(copy, FORMAT_FILE));
  });
  for (const name of [DATA_FILE, FORMAT_FILE]) {
    chmodSync(join(copy, name), FILE_MODE);
    syncFile(join(copy, name));
  }
  syncFolder(copy);
  return inspectStore(copy);
}

function makeEmpty(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  if (readdirSync(folder).length === 0) return;
  throw new IiiError('CONFLICT', `The folder ${folder} is not empty.`, {
    hint: 'Give a new folder for the copy.',
    details: { folder },
  });
}
