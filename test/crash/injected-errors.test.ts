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
const WRITES = 'pwrite64,pwritev,writev';

/** Nothing is reported after the failure. */
const NO_MORE = /begins \S+\n(fatal .*EIO.*\n)?$/;

/** Where a job may be after a change of it was reported, or after the next one was begun. */
const STATES_AFTER: Readonly<Record<string, readonly string[]>> = {
  append: ['waiting', 'in_flight', 'dead', 'discarded'],
  die: ['dead', 'waiting'],
  redrive: ['waiting', 'in_flight', 'completed'],
  complete: ['completed'],
  cancel: ['discarded'],
};

/** Changes a store in every way there is, under strace. */
function changeUnder(options: readonly string[]) {
  const parent = newFolder();
  const folder = join(parent, 'store');
  const trace = join(parent, 'trace');
  const program = new URL('./change-loop.ts', import.meta.url).pathname;
  const { status, signal, stdout } = spawnSync(
    'strace',
    ['-f', '-o', trace, ...options, process.execPath, '--import', 'tsx', program, folder],
    // strace counts the calls of each thread by itself, so there may only be one that writes
    { encoding: 'utf8', env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  );
  const done = [...stdout.matchAll(/^done (\S+) (\S+)$/gm)].map(([, name = '', id = '']) => {
    return { name, id };
  });
  const [, hit = ''] = [...stdout.matchAll(/^begins (\S+)$/gm)].at(-1) ?? [];
  return { folder, trace, stdout, done, hit, end: signal ?? status };
}

function changeWith(fault: string) {
  return changeUnder(['-e', `trace=${WRITES},fdatasync`, '-e', `inject=${fault}`]);
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
    ['a sync finds the disk full', 'fdatasync:error=ENOSPC:when=6', [0], /refused .*ENOSPC/],
    // lmdb 3.5 writes its message about that past the end of a buffer, and glibc may end the process
    ['a page cannot be written', `${WRITES}:error=EIO:when=20`, [FATAL, 'SIGABRT'], NO_MORE],
    ['a write is cut short', 'pwrite64:retval=100:when=22', [FATAL], NO_MORE],
    ['it is killed in a sync', 'fdatasync:signal=KILL:when=9', [KILLED], NO_MORE],
  ])('keeps every change when %s', async ([, fault, ends, output], { skip }) => {
    if (!hasStrace) skip('strace is not installed');
    const run = changeWith(fault);
    expect(run.stdout).toMatch(output);
    expect(ends).toContain(run.end);
    expect(run.done.length).toBeGreaterThan(1);
    await expectKept(run);
  });

  it('keeps every change when a sync fails or a write kills it, whichever change that was', async ({
    skip,
  }) => {
    if (!hasStrace) skip('strace is not installed');
    const hits = new Set<string>();
    for (let n = 4; n <= 14; n++) {
      const isKill = n % 2 === 0;
      const run = changeWith(
        isKill ? `pwrite64:signal=KILL:when=${2 * n + 8}` : `fdatasync:error=EIO:when=${n}`,
      );
      expect(run.end).toBe(isKill ? KILLED : FATAL);
      expect(run.stdout).toMatch(NO_MORE);
      hits.add(run.hit);
      await expectKept(run);
    }
    expect([...hits].sort()).toEqual(
      expect.arrayContaining(['append', 'cancel', 'complete', 'die', 'pause', 'redrive']),
    );
  });

  it('reports a change only after a sync that covers it, and the page that makes it current', ({
    skip,
  }) => {
    if (!hasStrace) skip('strace is not installed');
    const run = changeUnder(['-e', 'trace=openat,write,pwrite64,fdatasync']);
    expect(run.end).toBe(0);
    const calls = readFileSync(run.trace, 'utf8').split('\n');
    const [, synchronous = ''] =
      calls.map((call) => /openat\(.*data\.mdb".*O_DSYNC.* = (\d+)$/.exec(call)).find(Boolean) ??
      [];
    expect(synchronous).not.toBe('');
    let changes = 0;
    let isSynced = false;
    let isCurrent = false;
    for (const call of calls) {
      if (call.includes('"begins ')) isSynced = isCurrent = false;
      else if (/fdatasync.*= 0$/.test(call)) isSynced = true;
      else if (call.includes(`pwrite64(${synchronous},`)) isCurrent = isSynced;
      else if (call.includes('"done ')) {
        expect([call, isSynced, isCurrent]).toEqual([call, true, true]);
        changes++;
      }
    }
    expect(changes).toBe(run.done.length);
    expect(changes).toBeGreaterThan(30);
  });
});
