import { join } from 'node:path';
import type { Io } from './io.ts';

/** Where the user's own settings are; `null` when the environment names no home. */
export function userFolder({ env }: Pick<Io, 'env'>): string | null {
  const home = env['XDG_CONFIG_HOME'] ?? (env['HOME'] && join(env['HOME'], '.config'));
  return home ? join(home, 'iii') : null;
}
