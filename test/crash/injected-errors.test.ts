import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { newFolder } from '../support/file-maker.ts';
import { policyOf } from '../support/store-fixture.ts';

const hasStrace = spawnSync('strace', ['-V']).status === 0;
const KILLED = 'SIGKILL';
/** How the program ends when its store calls it fatal. */
const FATAL = 9;
/** So small that the files of the journal take turns all the time. */
const SHORT_TURN = 300;

/** Nothing is reported after the failure. */
const NO_MORE = /begins \S+\n(fatal .*EIO.*\n)?$/;
/** The same, where the failure may be that of a lease, which is recorded before the next change begins. */
const NO_MORE_CHANGES = /(begins|done) .*\n(fatal .*EIO.*\n)?$/;

/** Where a job may be after a change of it was reported, or after the next one was begun. */
const STATES_AFTER: Readonly<Record<string, readonly string[]>> = {
  append: ['waiting', 'in_flight', 'dead', 'discarded'],
  die: ['dead', 'waiting'],
  redrive: ['waiting', 'in_flight', 'completed'],
  complete: ['completed'],
  cancel: ['discarded'],
};

/** Changes a store in every way there is, under strace. */
function changeUnder(options: readonly string[], turnBytes = 2_000_000) {
  const parent = newFolder();
  const folder = join(parent, 'store');
  const trace = join(parent, 'trace');
  const program = new URL('./change-loop.ts', import.meta.url).pathname;
  const { status, signal, stdout } = spawnSync(
    'strace',
    [
      '-f',
      '-o',
      trace,
      ...options,
      process.execPath,
      '--import',
      'tsx',
      program,
      folder,
      String(turnBytes),
    ],
    // strace counts the calls of each thread by itself, so there may only be one that writes
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  const done = [...stdout.matchAll(/^done (\S+) (\S+)$/gm)].map(([, name = '', id = '']) => {
    return { name, id };
  });
  const [, hit = ''] = [...stdout.matchAll(/^begins (\S+)$/gm)].at(-1) ?? [];
  return { folder, trace, stdout, done, hit, end: signal ?? status };
}

function changeWith(fault: string, turnBytes?: number) {
  return changeUnder(['-e', 'trace=pwrite64,fdatasync', '-e', `inject=${fault}`], turnBytes);
}

/** Opens what is left, and holds it against every change that was reported. */
async function expectKept({ folder, done }: ReturnType<typeof changeUnder>): Promise<void> {
  const store = new FileStore({ clock: new SystemClock(), log: silentLogger, path: folder });
  await store.open([policyOf('q')]);
  const latest = new Map(done.map(({ name, id }) => [id, name]));
  for (const [id, name] of latest) {
    if (id === 'q') {
      // a change that was begun may have taken place
      const isLast = done.at(-1)?.id === 'q';
      const { paused } = (await store.stats()).get('q')!;
      if (!isLast) expect(paused).toBe(name === 'pause');
    } else expect(STATES_AFTER[name]).toContain((await store.get(id))?.state);
  }
  await store.close();
}

describe('a store whose system calls go wrong', { timeout: 120_000 }, () => {
  it.for<[string, string, readonly (number | string)[], RegExp]>([
    ['a write finds the disk full', 'pwrite64:error=ENOSPC:when=7', [0], /refused .*ENOSPC/],
    ['a write fails', 'pwrite64:error=EIO:when=7', [FATAL], NO_MORE],
    ['it is killed in a write', 'pwrite64:signal=KILL:when=9', [KILLED], NO_MORE],
  ])('keeps every change when %s', async ([, fault, ends, output], { skip }) => {
    if (!hasStrace) skip('strace is not installed');
    const run = changeWith(fault);
    expect(run.stdout).toMatch(output);
    expect(ends).toContain(run.end);
    expect(run.done.length).toBeGreaterThan(1);
    await expectKept(run);
  });

  it('keeps every change when a write fails or kills it, whichever change that was', async ({
    skip,
  }) => {
    if (!hasStrace) skip('strace is not installed');
    const hits = new Set<string>();
    for (let n = 5; n <= 14; n++) {
      const isKill = n % 2 === 0;
      const run = changeWith(`pwrite64:${isKill ? 'signal=KILL' : 'error=EIO'}:when=${n}`);
      expect(run.end).toBe(isKill ? KILLED : FATAL);
      expect(run.stdout).toMatch(NO_MORE_CHANGES);
      hits.add(run.hit);
      await expectKept(run);
    }
    expect([...hits].sort()).toEqual(
      expect.arrayContaining(['append', 'cancel', 'complete', 'die', 'pause', 'redrive']),
    );
  });

  it('keeps every change when that of the database fails or kills it', async ({ skip }) => {
    if (!hasStrace) skip('strace is not installed');
    const ends = new Set<number | string | null>();
    for (let n = 2; n <= 10; n++) {
      const fault = ['signal=KILL', 'error=EIO', 'error=ENOSPC'][n % 3] ?? '';
      const run = changeWith(`fdatasync:${fault}:when=${n}`, SHORT_TURN);
      expect(run.done.length).toBeGreaterThan(0);
      ends.add(run.end);
      await expectKept(run);
    }
    expect([...ends]).toEqual(expect.arrayContaining([0, FATAL, KILLED]));
  });

  it('reports a change only after a synchronous write that holds it', ({ skip }) => {
    if (!hasStrace) skip('strace is not installed');
    const run = changeUnder(['-e', 'trace=openat,write,pwrite64']);
    expect(run.end).toBe(0);
    const calls = readFileSync(run.trace, 'utf8').split('\n');
    const journal = calls.flatMap(
      (call) => /openat\(.*journal\.\d".*O_DSYNC.* = (\d+)$/.exec(call)?.[1] ?? [],
    );
    expect(journal).toHaveLength(2);
    let changes = 0;
    /** Threads that began to write to the journal after the change had begun. */
    const writing = new Set<string>();
    let isWritten = false;
    for (const call of calls) {
      const [thread = ''] = call.split(' ');
      if (call.includes('"begins ')) {
        writing.clear();
        isWritten = false;
      } else if (journal.some((fd) => call.includes(`pwrite64(${fd},`))) writing.add(thread);
      if (/pwrite64.* = \d+$/.test(call) && writing.delete(thread)) isWritten = true;
      if (!call.includes('"done ')) continue;
      expect([call, isWritten]).toEqual([call, true]);
      changes++;
    }
    expect(changes).toBe(run.done.length);
    expect(changes).toBeGreaterThan(30);
  });
});
