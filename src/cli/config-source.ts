import type { Config, LoadedConfig } from '../config/config.ts';
import type { ConfigOverrides } from '../config/resolve.ts';
import type { Context } from './context.ts';
import type { Io } from './io.ts';

/** A configuration without errors. */
export interface UsableConfig extends LoadedConfig {
  readonly config: Config;
}

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

/**
 * Reads a configuration that is to be used, with its warnings on stderr.
 * @throws IiiError CONFIG_INVALID; for people, every problem was printed before, as a compiler does
 */
export async function loadOrExplain(
  { io, output }: Context,
  file: string | undefined,
  overrides: ConfigOverrides = {},
): Promise<UsableConfig> {
  const loaded = await readConfig(io, file, overrides);
  const { configErrors, formatProblem } = await import('../config/problem.ts');
  const { config } = loaded;
  if (output.forPeople || config !== null) {
    for (const problem of loaded.problems) await output.problem(formatProblem(problem));
  }
  if (config === null) throw configErrors(loaded);
  return { ...loaded, config };
}
