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
  const { machineSources } = await import('../config/machine.ts');
  return loadConfig({ ...machineSources, env: io.env, file, cwd: io.cwd, overrides });
}
