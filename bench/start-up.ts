import { spawnSync } from 'node:child_process';
import { BINARY } from './engine.ts';

const RUNS = 20;

/** Milliseconds from start to end of the command line, beside a node that does nothing. */
export interface StartUp {
  readonly nodeMs: number;
  readonly helpMs: number;
  readonly versusNode: number;
}

/** Medians of interleaved runs, after one of each that does not count. */
export function measureStartUp(): StartUp {
  const node: number[] = [];
  const help: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const bare = timeOf(['-e', '0']);
    const ours = timeOf([BINARY, '--help']);
    if (run === 0) continue;
    node.push(bare);
    help.push(ours);
  }
  const nodeMs = median(node);
  const helpMs = median(help);
  return { nodeMs, helpMs, versusNode: helpMs / nodeMs };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function timeOf(args: readonly string[]): number {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: 'pipe' });
  if (status !== 0)
    throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  return performance.now() - startedAt;
}
