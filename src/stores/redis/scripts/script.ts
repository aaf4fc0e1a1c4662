import { createHash } from 'node:crypto';

/** A Lua script that Redis carries out as one step. */
export interface Script {
  readonly name: string;
  /** For servers before 7.0. */
  readonly plain: ScriptText;
  /**
   * For those since: a first line may say that it is carried out when the memory limit is reached,
   * because it frees more than it takes, or ends work. Older ones would not read that line.
   */
  readonly flagged: ScriptText;
}

export interface ScriptText {
  readonly lua: string;
  readonly sha: string;
}

/**
 * @param parts texts that make up the script, shared ones first
 * @param whenFull whether it is carried out when the memory limit is reached
 */
export function defineScript(name: string, parts: readonly string[], whenFull = false): Script {
  const plain = textOf(parts.join('\n'));
  return { name, plain, flagged: whenFull ? textOf(`#!lua flags=allow-oom\n${plain.lua}`) : plain };
}

function textOf(lua: string): ScriptText {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}
