import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { findWorkerFiles, isRunnable } from '../../../src/cli/worker-run/find-files.ts';
import { loaderArguments } from '../../../src/cli/worker-run/loader.ts';
import { FileWatch } from '../../../src/cli/worker-run/watch-files.ts';
import { temporaryFolder } from '../../support/engine-process.ts';
import { within } from '../../support/eventually.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(() => {
  folder.remove();
});

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(folder.path, name, '..'), { recursive: true });
    writeFileSync(join(folder.path, name), '');
  }
}

/** Changes of the disk are told within this time. */
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    new SystemClock().after(400, resolve);
  });

describe('the files of a worker', () => {
  it('are those that were named and all below a folder, each once, in order of their names', () => {
    write('b.mjs', 'src/z.step.ts', 'src/a.js', 'src/deep/m.mts', 'src/notes.md');
    write('src/a.test.js', 'src/types.d.ts', 'src/.hidden/x.js', 'src/node_modules/p/x.js');
    const found = findWorkerFiles(folder.path, ['b.mjs', 'src', 'src/a.js']);
    expect(found).toEqual(
      ['b.mjs', 'src/a.js', 'src/deep/m.mts', 'src/z.step.ts'].map((name) =>
        join(folder.path, name),
      ),
    );
  });

  it.each([
    ['is not there', 'nope', 'NOT_FOUND'],
    ['is no script', 'notes.md', 'INVALID_ARGUMENTS'],
    ['has no script in it', 'empty', 'NOT_FOUND'],
  ])('are refused when what was named %s', (_what, name, code) => {
    write('notes.md', 'empty/notes.md');
    expect(() => findWorkerFiles(folder.path, [name])).toThrow(expect.objectContaining({ code }));
  });
});

describe('the loader for TypeScript', () => {
  it('is not needed for JavaScript, nor when Node reads TypeScript itself', () => {
    expect(loaderArguments(['a.mjs'], folder.path, false)).toEqual([]);
    expect(loaderArguments(['a.ts'], folder.path, true)).toEqual([]);
  });

  it('is tsx, where it is installed beside the file or the command', () => {
    const here = fileURLToPath(new URL('.', import.meta.url));
    const [flag, loader] = loaderArguments([join(folder.path, 'a.ts')], here, false);
    expect(flag).toBe('--import');
    expect(loader).toMatch(/^file:.*tsx/);
  });

  it('is asked for when it is missing', () => {
    const file = join(folder.path, 'a.step.ts');
    expect(() => loaderArguments([file], folder.path, false)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENTS', hint: expect.stringContaining('tsx') }),
    );
  });
});

describe('the watch', () => {
  it('tells of a file it knows and of one that is new, also when nobody waited', async () => {
    write('a.mjs', 'src/b.mjs');
    const watch = new FileWatch(new SystemClock(), isRunnable);
    watch.add(join(folder.path, 'a.mjs'));
    watch.addTree(join(folder.path, 'src'));
    const change = watch.change();
    write('a.mjs');
    await within(change, 5_000, 'the change');
    write('src/c.mjs');
    await within(watch.change(), 5_000, 'the next change');
    watch.close();
  });

  it('tells of files in folders that are new, in those that were empty, and in those that came again', async () => {
    mkdirSync(join(folder.path, 'src/empty'), { recursive: true });
    const watch = new FileWatch(new SystemClock(), isRunnable);
    watch.addTree(join(folder.path, 'src'));
    const expectChange = async (name: string): Promise<void> => {
      write(name);
      await within(watch.change(), 5_000, `the change of ${name}`);
      // What the same change still brings is no answer to the next one.
      await settled();
      await Promise.race([watch.change(), settled()]);
    };
    await expectChange('src/empty/a.mjs');
    await expectChange('src/new/deep/b.mjs');
    await expectChange('src/new/deep/c.mjs');
    rmSync(join(folder.path, 'src/new'), { recursive: true });
    await expectChange('src/new/d.mjs');
    await expectChange('src/new/e.mjs');
    watch.close();
  });

  it('does not look into hidden folders and installed packages', async () => {
    mkdirSync(join(folder.path, 'src'));
    const watch = new FileWatch(new SystemClock(), isRunnable);
    watch.addTree(join(folder.path, 'src'));
    const changed = vi.fn();
    void watch.change().then(changed);
    write('src/.git/a.mjs', 'src/node_modules/p/b.mjs', 'src/notes/c.md');
    await settled();
    expect(changed).not.toHaveBeenCalled();
    write('src/d.mjs');
    await vi.waitFor(() => {
      expect(changed).toHaveBeenCalledOnce();
    }, 5_000);
    watch.close();
  });
});
