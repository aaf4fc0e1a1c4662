import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockStore } from '../../../src/stores/file/store-lock.ts';
import { newFolder } from '../../support/file-maker.ts';

/** Files of locks, as they are where a socket needs one. */
function lockFiles(): ReadonlySet<string> {
  return new Set(readdirSync(tmpdir()).filter((name) => name.startsWith('iii-store-')));
}

describe('a lock where sockets have files', () => {
  it('is given to one at a time, and leaves nothing behind', async () => {
    const folder = newFolder();
    const before = lockFiles();
    const lock = await lockStore(folder, 'darwin');
    await expect(lockStore(folder, 'darwin')).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      details: { pid: process.pid },
    });
    await lock.release();
    expect([...lockFiles()].filter((name) => !before.has(name))).toEqual([]);
    const again = await lockStore(folder, 'darwin');
    await again.release();
  });

  it('is free when its owner was killed, and one of two who want it then gets it', async () => {
    const folder = newFolder();
    const before = lockFiles();
    const lock = await lockStore(folder, 'darwin');
    const [name = ''] = [...lockFiles()].filter((file) => !before.has(file));
    const address = join(tmpdir(), name);
    await lock.release();
    const owner = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(address)}, () => console.log('locked'))`,
    ]);
    await once(owner.stdout, 'data');
    await expect(lockStore(folder, 'darwin')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const ended = once(owner, 'exit');
    owner.kill('SIGKILL');
    await ended;
    expect(existsSync(address)).toBe(true);
    const results = await Promise.allSettled([
      lockStore(folder, 'darwin'),
      lockStore(folder, 'darwin'),
    ]);
    const given = results.filter((result) => result.status === 'fulfilled');
    expect(given).toHaveLength(1);
    await given[0]!.value.release();
  });
});
