import type { Dump } from './dump.ts';
import type { Seen } from './seen.ts';

/**
 * Looks for what must not have happened, and says each in a sentence.
 * @param dump what the engine says once all has come to rest
 * @param later the same again, after restarts without work in between
 */
export type Check = (seen: Seen, dump: Dump, later: readonly Dump[]) => readonly string[];
