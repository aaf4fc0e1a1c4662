import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { IiiError, messageOf } from '../../base/errors.ts';

/**
 * Layout of the folder and of everything in it. A newer one is refused, an older one raised when it is
 * opened: 1 has no journal.
 */
const STORE_FORMAT = 2;

/** Says which format the folder has, readable without opening anything. */
export const FORMAT_FILE = 'store.json';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

interface FormatFile {
  readonly format: number;
  readonly id: string;
}

/** What the format file says; `null` when there is none. */
function readFormat(folder: string): FormatFile | null {
  const file = join(folder, FORMAT_FILE);
  if (!existsSync(file)) return null;
  const found = parseFormat(readFileSync(file, 'utf8'));
  if (found === null) {
    throw new IiiError('STORE_DAMAGED', `The file ${file} cannot be read.`, {
      reason: 'It does not say which format the store has.',
      hint: `Restore it from a backup; a store of this version has { "format": ${STORE_FORMAT}, "id": "…" }.`,
      details: { folder },
    });
  }
  return found;
}

/** @throws IiiError STORE_FAILED when the folder was written by a newer version */
export function checkFormat(folder: string): FormatFile | null {
  const found = readFormat(folder);
  if (found === null || found.format <= STORE_FORMAT) return found;
  throw new IiiError(
    'STORE_FAILED',
    `The store in ${folder} has format ${found.format}; this version reads format ${STORE_FORMAT}.`,
    {
      reason: 'It was written by a newer version of iii. Nothing in it was touched.',
      hint: 'Start the newer version again, or give another folder with --store DIR.',
      details: { folder, format: found.format, supported: STORE_FORMAT },
    },
  );
}

/** The folder of a store, made when it is not there, readable by its owner only. */
export function makeFolder(path: string): string {
  const folder = resolve(path);
  try {
    const first = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    if (first !== undefined) {
      for (let at = folder; at.length >= first.length; at = dirname(at)) syncFolder(dirname(at));
    }
  } catch (thrown) {
    throw new IiiError('STORE_FAILED', `The folder ${folder} cannot be made.`, {
      reason: messageOf(thrown),
      hint: 'Give a folder that this user may write to with --store DIR.',
      details: { folder },
      cause: thrown,
    });
  }
  return folder;
}

/** Marks a folder as one of this version, before anything is in it that an older one does not know. */
export function raiseFormat(folder: string): void {
  const found = readFormat(folder);
  if (found !== null && found.format < STORE_FORMAT) writeFormat(folder, found.id);
}

/** Marks a folder with this version's format, durably, and with it everything else in it. */
export function writeFormat(folder: string, id: string = randomUUID()): void {
  const file = join(folder, FORMAT_FILE);
  const draft = `${file}.new`;
  const content: FormatFile = { format: STORE_FORMAT, id };
  const fd = openSync(draft, 'w', FILE_MODE);
  try {
    writeSync(fd, `${JSON.stringify(content)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
  syncFolder(folder);
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  if (process.platform !== 'win32') syncFile(folder);
}

export function syncFile(file: string): void {
  const fd = openSync(file, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function parseFormat(text: string): FormatFile | null {
  try {
    const value = JSON.parse(text) as Partial<FormatFile> | null;
    return typeof value?.format === 'number' && typeof value.id === 'string'
      ? { format: value.format, id: value.id }
      : null;
  } catch {
    return null;
  }
}
