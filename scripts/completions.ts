import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Keeps completions/ equal to what the built command line prints. Without arguments it only
 * compares, and fails when a file is stale; `--write` writes the files.
 */

const SHELLS = ['bash', 'zsh', 'fish'];
const root = fileURLToPath(new URL('..', import.meta.url));
const write = process.argv.includes('--write');

const stale = SHELLS.filter((shell) => {
  const file = `${root}completions/iii.${shell}`;
  const script = printCompletion(shell);
  if (script === readOrNothing(file)) return false;
  if (write) {
    mkdirSync(`${root}completions`, { recursive: true });
    writeFileSync(file, script);
  }
  return true;
}).map((shell) => `completions/iii.${shell}`);

if (stale.length > 0) {
  console.log(`${write ? 'Written' : 'Stale'}: ${stale.join(', ')}`);
  if (!write) {
    console.log('Run: npm run generate');
    process.exitCode = 1;
  }
}

function printCompletion(shell: string): string {
  const run = spawnSync(process.execPath, [`${root}bin/iii.js`, 'completion', shell], {
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`iii completion ${shell} failed: ${run.stderr}`);
  return run.stdout;
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
