import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from './measure.ts';

const SYNCS = 500;
const PAGE_BYTES = 4_096;

/** How long the disk takes to keep one page, in milliseconds. */
export interface Disk {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Writes pages of a file that has its size, and syncs each. No durable engine can be quicker: a job is
 * run after one sync at least, and after two when it came while one was under way.
 */
export function measureDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'iii-bench-disk-'));
  const file = openSync(join(folder, 'pages'), 'w');
  const page = Buffer.alloc(PAGE_BYTES, 1);
  for (let at = 0; at < SYNCS; at++) writeSync(file, page, 0, PAGE_BYTES, at * PAGE_BYTES);
  fdatasyncSync(file);
  const timesMs = Array.from({ length: SYNCS }, (_, at) => {
    writeSync(file, page, 0, PAGE_BYTES, at * PAGE_BYTES);
    const startedAt = performance.now();
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  timesMs.sort((a, b) => a - b);
  return { p50Ms: quantile(timesMs, 0.5), p99Ms: quantile(timesMs, 0.99) };
}
