import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { newFolder } from '../support/file-maker.ts';
import { policyOf } from '../support/store-fixture.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const KILLED = 128 + 9;
const FATAL = 9;
const WRITES = 'pwrite64,pwritev,writev';

/** Runs appends with one system call of the writing thread going wrong. */
function appendWith(fault: string) {
  const folder = join(newFolder(), 'store');
  const program = new URL('./append-loop.ts', import.meta.url).pathname;
  const { status, signal, stdout } = spawnSync(
    'strace',
    [
      ...['-f', '-o', '/dev/null', '-e', `trace=${WRITES},fdatasync`, '-e', `inject=${fault}`],
      ...[process.execPath, '--import', 'tsx', program, folder],
    ],
    // strace counts the calls of each thread by itself, so there may only be one that writes
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  const receipts = [...stdout.matchAll(/^receipt (.+)$/gm)].map(([, id]) => id ?? '');
  return { folder, status: signal === 'SIGKILL' ? KILLED : status, stdout, receipts };
}

describe('a store whose system calls go wrong', { timeout: 60_000 }, () => {
  it.for<[string, string, number, RegExp]>([
    ['a sync fails', 'fdatasync:error=EIO:when=6', FATAL, /fatal .*EIO/],
    ['a sync finds the disk full', 'fdatasync:error=ENOSPC:when=6', 0, /refused .*ENOSPC/],
    ['a page cannot be written', `${WRITES}:error=EIO:when=20`, FATAL, /fatal .*EIO/],
    ['a write is cut short', 'pwrite64:retval=100:when=22', FATAL, /fatal/],
    ['it is killed in a write', 'pwrite64:signal=KILL:when=23', KILLED, /receipt/],
    ['it is killed in a sync', 'fdatasync:signal=KILL:when=9', KILLED, /receipt/],
  ])('keeps every receipt when %s', async ([, fault, status, output], { skip }) => {
    if (!hasStrace) skip('strace is not installed');
    const run = appendWith(fault);
    expect(run.stdout).toMatch(output);
    expect(run.status).toBe(status);
    expect(run.receipts.length).toBeGreaterThan(3);
    const store = new FileStore({
      clock: new ManualClock(),
      log: silentLogger,
      path: run.folder,
    });
    await store.open([policyOf('q')]);
    for (const id of run.receipts) expect(await store.get(id)).toBeDefined();
    await store.close();
  });
});
