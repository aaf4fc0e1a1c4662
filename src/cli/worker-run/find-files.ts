import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IiiError } from '../../base/errors.ts';

/** Endings of files that can be run; those of TypeScript need a loader. */
const RUNNABLE = /\.(js|mjs|ts|mts)$/;
const LEFT_OUT = /(\.d\.m?ts|\.(test|spec)\.m?[jt]s)$/;

/**
 * The files that were named, and those in folders that were named: all below it that can be run,
 * except tests, hidden ones and installed packages.
 * @returns absolute paths, each once
 */
export function findWorkerFiles(cwd: string, names: readonly string[]): readonly string[] {
  const found = names.flatMap((name) => {
    const path = resolve(cwd, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      throw new IiiError('NOT_FOUND', `there is no file or folder '${name}'`, {
        reason: `nothing is at ${path}`,
        hint: 'name the files of the worker, or the folder they are in',
      });
    }
    if (stat.isDirectory()) return filesIn(path);
    if (isRunnable(path)) return [path];
    throw new IiiError('INVALID_ARGUMENTS', `'${name}' is no JavaScript or TypeScript file`, {
      hint: 'files that can be run end in .js, .mjs, .ts or .mts',
    });
  });
  if (found.length > 0) return [...new Set(found)];
  throw new IiiError('NOT_FOUND', `no file to run in ${names.join(', ')}`, {
    hint: 'files that can be run end in .js, .mjs, .ts or .mts',
  });
}

/** Whether a file of this name belongs to a folder that is run. */
export function isRunnable(path: string): boolean {
  return RUNNABLE.test(path) && !LEFT_OUT.test(path);
}

export function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

function filesIn(folder: string): string[] {
  return [...treeOf(folder).files];
}

/** A folder and the folders below it, and the files in them that can be run. */
export function treeOf(folder: string): {
  readonly folders: readonly string[];
  readonly files: readonly string[];
} {
  const folders = [folder];
  const files: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (!isLookedInto(entry.name)) continue;
    if (entry.isDirectory()) {
      const below = treeOf(path);
      folders.push(...below.folders);
      files.push(...below.files);
    } else if (isRunnable(path)) files.push(path);
  }
  return { folders, files };
}

/** Hidden files and installed packages are nobody's workers. */
export function isLookedInto(name: string): boolean {
  return !name.startsWith('.') && name !== 'node_modules';
}
