import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.ts';
import { type FileFunction, readFile } from '../module.ts';

/**
 * Loads files and reads the functions out of them. Files in neither form are left out, as long as
 * there are others.
 * @throws Error that names the file
 */
export async function loadFiles(paths: readonly string[]): Promise<readonly FileFunction[]> {
  const functions: FileFunction[] = [];
  const fileOf = new Map<string, string>();
  for (const path of paths) {
    for (const offered of await loadFile(path)) {
      const other = fileOf.get(offered.id);
      if (other !== undefined) {
        throw new Error(`${other} and ${path} both have the function '${offered.id}'`);
      }
      fileOf.set(offered.id, path);
      functions.push(offered);
    }
  }
  if (functions.length > 0) return functions;
  throw new Error(
    `nothing to run in ${paths.join(', ')}: a file needs 'export default iii({ triggers })', or is ` +
      "named *.step.js and has 'export const config' and 'export const handler'; " +
      'a program that calls registerWorker is run with node',
  );
}

async function loadFile(path: string): Promise<readonly FileFunction[]> {
  try {
    const exports = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    return readFile(exports, basename(path, extname(path))) ?? [];
  } catch (cause) {
    const stack = cause instanceof Error ? cause.stack : undefined;
    // Node does not say which of the files it was.
    const where = cause instanceof SyntaxError ? ' (here, or in a file that this one imports)' : '';
    const error = new Error(`${path}: ${messageOf(cause)}${where}`, { cause });
    if (stack !== undefined) error.stack = stack;
    throw error;
  }
}
