import { spawnSync } from 'node:child_process';
import { BINARY } from './engine.ts';

const RUNS = 20;

/** Longest that a shell should wait for names. */
const COMPLETION_MS = 150;
/** Of `node -e 0`. */
const TIMES_NODE = 2;

/** Milliseconds from start to end of one command, and what is asked of it. */
export interface StartUp {
  readonly command: string;
  readonly ms: number;
  readonly aim: string;
  readonly limitMs: number;
}

export interface StartUps {
  /** A node that does nothing. */
  readonly nodeMs: number;
  readonly commands: readonly StartUp[];
}

/**
 * Medians of interleaved runs, after one of each that does not count.
 * @param url the running engine that is asked
 * @param roundTripMs what one question to it takes once there is a connection
 */
export function measureStartUp(url: string, roundTripMs: number): StartUps {
  const calls = {
    node: ['-e', '0'],
    help: [BINARY, '--help'],
    list: [BINARY, 'queue', 'list', '--url', url],
    completion: [BINARY, '__complete', 'bash', '--', 'queue', 'show', '--url', url, ''],
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const times = { node: [], help: [], list: [], completion: [] } as Record<
    keyof typeof calls,
    number[]
  >;
  for (let run = 0; run <= RUNS; run++) {
    for (const name of names) {
      const ms = timeOf(calls[name], name !== 'node');
      if (run > 0) times[name].push(ms);
    }
  }
  const nodeMs = median(times.node);
  const twice = TIMES_NODE * nodeMs;
  return {
    nodeMs,
    commands: [
      {
        command: 'iii --help',
        ms: median(times.help),
        aim: `${TIMES_NODE} × node -e 0`,
        limitMs: twice,
      },
      {
        command: 'iii queue list',
        ms: median(times.list),
        aim: `${TIMES_NODE} × node -e 0 and a round trip`,
        limitMs: twice + roundTripMs,
      },
      {
        command: 'completion of queue names',
        ms: median(times.completion),
        aim: `${COMPLETION_MS} ms`,
        limitMs: COMPLETION_MS,
      },
    ],
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** A command that prints nothing did not do its work, as a completion that gave up. */
function timeOf(args: readonly string[], prints: boolean): number {
  const startedAt = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { stdio: 'pipe' });
  const ms = performance.now() - startedAt;
  if (status !== 0 || (prints && stdout.length === 0)) {
    throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  }
  return ms;
}
