import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IiiError } from '../../base/errors.ts';
import { isTypeScript } from './find-files.ts';

/**
 * Arguments for a Node that can run these files: none for JavaScript, or when Node reads TypeScript by
 * itself; else the loader `tsx`, which is the user's to install.
 */
export function loaderArguments(
  files: readonly string[],
  cwd: string,
  readsTypeScript = nodeReadsTypeScript(),
): readonly string[] {
  const first = files.find(isTypeScript);
  if (first === undefined || readsTypeScript) return [];
  for (const from of [first, join(cwd, 'package.json')]) {
    const loader = findTsx(from);
    if (loader !== undefined) return ['--import', loader];
  }
  throw new IiiError('INVALID_ARGUMENTS', `this Node cannot run TypeScript: ${first}`, {
    reason: `Node ${process.versions.node} needs a loader for it, and tsx is not installed here`,
    hint: 'npm install --save-dev tsx    (or use Node 22.18 or newer, or compile to JavaScript)',
  });
}

function nodeReadsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: false | string };
  return typeof typescript === 'string';
}

function findTsx(from: string): string | undefined {
  try {
    return pathToFileURL(createRequire(from).resolve('tsx')).href;
  } catch {
    return undefined;
  }
}
