import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
import { WriteBatch } from '../../src/stores/file/write-batch.ts';
import { newFolder } from '../support/file-maker.ts';
import { runCli } from '../support/run-cli.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

const clock = new ManualClock();

async function openStore(path: string): Promise<FileStore> {
  const store = new FileStore({ clock, log: silentLogger, path });
  await store.open([policyOf('q')]);
  return store;
}

/** A store with three waiting jobs and a delayed one. */
async function filled(): Promise<{ cwd: string; store: FileStore }> {
  const cwd = newFolder();
  const store = await openStore(join(cwd, 'data', 'queue_store'));
  const now = clock.now();
  await store.append([1, 2, 3].map((n) => newJob(uuidOf(n), now)));
  await store.append([newJob(uuidOf(4), now, { dueAt: now + 60_000 })]);
  return { cwd, store };
}

async function damageJob(folder: string, seq: number): Promise<void> {
  const records = new LmdbRecords(folder, 'write');
  const bytes = Buffer.from(records.read('jobs', seq)!);
  bytes[20]! ^= 1;
  const batch = new WriteBatch();
  batch.put('jobs', seq, bytes);
  await records.commit(batch);
  await records.close();
}

describe('iii store', () => {
  it('verify counts the jobs of a store and finds nothing wrong', async () => {
    const { cwd, store } = await filled();
    await store.close();
    const { status, stdout, stderr } = await runCli(['store', 'verify', '-o', 'json'], { cwd });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      format: 1,
      pid: null,
      states: { waiting: 4 },
      queues: [{ name: 'q', paused: false, totals: { enqueued: 4 } }],
      damages: [],
    });
    expect(stderr).toContain('as it was written');
  });

  it('verify names a damaged record and ends with 1', async () => {
    const { cwd, store } = await filled();
    await store.close();
    await damageJob(join(cwd, 'data', 'queue_store'), 2);
    const { status, stdout, stderr } = await runCli(['store', 'verify'], { cwd });
    expect(status).toBe(1);
    expect(stdout).toMatch(/jobs\s+2\s/);
    expect(stderr).toContain('iii serve --repair');
  });

  it('info says which process has the store open', async () => {
    const { cwd, store } = await filled();
    const { status, stdout } = await runCli(['store', 'info'], { cwd });
    expect(status).toBe(0);
    expect(stdout).toContain(`process ${process.pid}`);
    expect(stdout).toMatch(/waiting\s+4/);
    await store.close();
  });

  it('backup copies a store that is in use, and the copy can be started', async () => {
    const { cwd, store } = await filled();
    const copy = join(cwd, 'copies', 'monday');
    const { status, stdout } = await runCli(
      ['store', 'backup', 'data/queue_store', 'copies/monday'],
      { cwd },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('4 jobs');
    await store.append([newJob(uuidOf(5), clock.now())]);
    await store.close();
    expect(statSync(join(copy, 'data.mdb')).mode & 0o777).toBe(0o600);
    const restored = await openStore(copy);
    expect((await restored.stats()).get('q')).toMatchObject({ waiting: 3, delayed: 1 });
    await restored.close();
  });

  it('backup refuses a folder that has something in it', async () => {
    const { cwd, store } = await filled();
    await store.close();
    mkdirSync(join(cwd, 'full'));
    writeFileSync(join(cwd, 'full', 'notes'), '');
    const { status, stderr } = await runCli(['store', 'backup', 'data/queue_store', 'full'], {
      cwd,
    });
    expect(status).toBe(7);
    expect(stderr).toContain('not empty');
  });

  it.each(['verify', 'info'])('%s says when there is no store', async (verb) => {
    const { status, stderr } = await runCli(['store', verb, 'nowhere'], { cwd: newFolder() });
    expect(status).toBe(5);
    expect(stderr).toContain('no store');
  });
});
