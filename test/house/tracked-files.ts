import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface TrackedFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every file under version control that is still there, except the lock file of npm. */
export function readTrackedFiles(): readonly TrackedFile[] {
  const listing = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  return listing
    .split('\0')
    .filter((path) => path !== '' && path !== 'package-lock.json' && existsSync(ROOT + path))
    .map((path) => ({ path, text: readFileSync(ROOT + path, 'utf8') }));
}
