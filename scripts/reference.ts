import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { referenceFiles } from './reference-files.ts';

/**
 * Keeps the tables of the pages in docs/ and schema.json equal to the tables the configuration is
 * checked with, and the manual page to the command tree. Without arguments it only compares, and fails when a file is stale; `--write` writes.
 */

const root = fileURLToPath(new URL('..', import.meta.url));
const write = process.argv.includes('--write');

for (const { path, make } of referenceFiles()) {
  const current = readOrNothing(`${root}${path}`);
  const wanted = await make(current);
  if (wanted === current) continue;
  console.log(`${write ? 'Written' : 'Stale'}: ${path}`);
  if (write) {
    writeFileSync(`${root}${path}`, wanted);
  } else {
    console.log('Run: npm run generate');
    process.exitCode = 1;
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
