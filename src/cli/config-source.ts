import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { LoadedConfig } from '../config/config.ts';
import type { ConfigOverrides } from '../config/resolve.ts';
import type { Io } from './io.ts';

/** Reads the configuration as `iii serve` and `iii config validate` both do. */
export async function readConfig(
  io: Io,
  file: string | undefined,
  overrides: ConfigOverrides = {},
): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig({
    file,
    cwd: io.cwd,
    env: io.env,
    overrides,
    read: (path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  });
}
