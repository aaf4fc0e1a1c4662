import { BASICS } from './basics.ts';
import { CLOSING } from './closing.ts';
import { MOVES } from './moves.ts';

/**
 * What all scripts of a queue share: the time, the job's header, and the moves between states. A
 * script opens its queue, moves jobs, and ends with `close`, which writes what was gathered.
 *
 * KEYS[n]  base of a queue, see keys.ts
 * ARGV[1]  milliseconds since the epoch: given by tests only, otherwise empty and the server's time
 * ARGV[2]  channel for signals to other engines
 * ARGV[3]  session of the engine that calls
 */
export const LIBRARY = [BASICS, MOVES, CLOSING].join('\n');
