import { createHash } from 'node:crypto';

/** A Lua script that Redis carries out as one step. */
export interface Script {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
  /** Carried out also when the memory limit is reached: it frees more than it takes, or ends work. */
  readonly whenFull: boolean;
}

/** @param parts texts that make up the script, shared ones first */
export function defineScript(name: string, parts: readonly string[], whenFull = false): Script {
  return withText({ name, lua: parts.join('\n'), sha: '', whenFull });
}

/**
 * The script as a server of this version takes it: since 7.0 a first line may say that it runs
 * when the memory limit is reached; older ones would not read that line.
 */
export function forServer(script: Script, majorVersion: number): Script {
  if (!script.whenFull || majorVersion < 7) return script;
  return withText({ ...script, lua: `#!lua flags=allow-oom\n${script.lua}` });
}

function withText(script: Script): Script {
  return { ...script, sha: createHash('sha1').update(script.lua).digest('hex') };
}
