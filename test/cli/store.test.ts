import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { backUpStore } from '../../src/stores/file/backup.ts';
import { FileStateStore } from '../../src/stores/file/file-state-store.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
import { journaled } from '../../src/stores/file/open-store.ts';
import { WriteBatch } from '../../src/stores/file/write-batch.ts';
import { newFolder } from '../support/file-maker.ts';
import { runCli } from '../support/run-cli.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

const clock = new ManualClock();

/** With a journal whose files take turns all the time. */
const openRecords = journaled(5_000);

async function openStore(path: string): Promise<FileStore> {
  const store = new FileStore({ clock, log: silentLogger, path, openRecords });
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

async function openState(folder: string): Promise<FileStateStore> {
  const state = new FileStateStore({
    ...{ log: silentLogger, openRecords },
    path: join(folder, 'state'),
  });
  await state.open();
  return state;
}

/** The same, with three values in two scopes. */
async function filledWithState() {
  const { cwd, store } = await filled();
  const folder = join(cwd, 'data', 'queue_store');
  const state = await openState(folder);
  for (const [scope, key] of [
    ['orders', 'a'],
    ['orders', 'b'],
    ['users', 'a'],
  ] as const) {
    await state.update(scope, key, () => `"value of ${scope} ${key}"`);
  }
  return { cwd, folder, store, state };
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
      format: 2,
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

  it('verify and info count the values of the state too', async () => {
    const { cwd, store, state } = await filledWithState();
    await state.close();
    await store.close();
    const verified = await runCli(['store', 'verify', '-o', 'json'], { cwd });
    expect(verified.status).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      states: { waiting: 4 },
      state: { scopes: 2, values: 3 },
      damages: [],
    });
    const info = await runCli(['store', 'info'], { cwd });
    expect(info.stdout).toMatch(/state\s+3 values in 2 scopes/);
  });

  it('verify names a damaged value of the state and ends with 1', async () => {
    const { cwd, folder, store, state } = await filledWithState();
    await state.close();
    await store.close();
    spoil(join(folder, 'state', 'data.mdb'), 'value of users');
    const { status, stdout } = await runCli(['store', 'verify'], { cwd });
    expect(status).toBe(1);
    expect(stdout).toMatch(/values\s+[0-9a-f]{8}/);
    expect(stdout).toMatch(/state\s+2 values in 1 scope/);
  });

  it('verify says which page of the state is damaged', async () => {
    const { cwd, folder, store, state } = await filledWithState();
    await state.close();
    await store.close();
    const file = join(folder, 'state', 'data.mdb');
    const bytes = readFileSync(file);
    bytes.fill(0xff, 0, 4096);
    writeFileSync(file, bytes);
    const { status, stderr } = await runCli(['store', 'verify'], { cwd });
    expect(status).not.toBe(0);
    expect(stderr).toContain('STORE_DAMAGED');
    expect(stderr).toContain(file);
    expect(stderr).toContain('Page 0');
  });

  it('backup copies the state too, and all of it is there again', async () => {
    const { cwd, store, state } = await filledWithState();
    const { status, stdout } = await runCli(['store', 'backup', 'data/queue_store', 'copy'], {
      cwd,
    });
    expect(status).toBe(0);
    expect(stdout).toContain('4 jobs and 3 values');
    await state.update('orders', 'a', () => undefined);
    await state.close();
    await store.close();
    const restored = await openState(join(cwd, 'copy'));
    expect(await restored.scopes()).toEqual(['orders', 'users']);
    expect(await restored.get('orders', 'a')).toBe('"value of orders a"');
    await restored.close();
    const jobs = await openStore(join(cwd, 'copy'));
    expect((await jobs.stats()).get('q')).toMatchObject({ waiting: 3, delayed: 1 });
    await jobs.close();
  });

  it('backup of a store at work has whole batches, and no value older than its jobs', async () => {
    const { cwd, store, state } = await filledWithState();
    let isDone = false;
    let batches = 0;
    const work = async (): Promise<void> => {
      while (!isDone) {
        const ids = Array.from({ length: 10 }, (_, n) => uuidOf(100 + batches * 10 + n));
        await store.append(ids.map((id) => newJob(id, clock.now())));
        batches += 1;
        await state.update('work', 'batches', () => String(batches));
      }
    };
    const working = work();
    const copies: { jobs: number; values: number; accepted: number }[] = [];
    for (let copy = 0; copy < 6; copy++) {
      const accepted = batches * 10;
      const to = join(cwd, `copy-${copy}`);
      const report = await backUpStore(join(cwd, 'data', 'queue_store'), to);
      const values = await openState(to);
      const value = Number((await values.get('work', 'batches')) ?? '0');
      await values.close();
      copies.push({ jobs: (report.states.waiting ?? 0) - 4, values: value, accepted });
    }
    isDone = true;
    await working;
    await state.close();
    await store.close();
    for (const { jobs, values, accepted } of copies) {
      expect(jobs % 10).toBe(0);
      expect(jobs).toBeGreaterThanOrEqual(accepted);
      expect(values).toBeGreaterThanOrEqual(jobs / 10 - 1);
    }
    expect(copies[2]!.jobs).toBeGreaterThan(copies[0]!.jobs);
  });

  it('backup of a store with a damaged record says so and ends with 3', async () => {
    const { cwd, store } = await filled();
    await store.close();
    await damageJob(join(cwd, 'data', 'queue_store'), 2);
    const { status, stderr } = await runCli(['store', 'backup', 'data/queue_store', 'copy'], {
      cwd,
    });
    expect(status).toBe(3);
    expect(stderr).toContain('1 record of it damaged');
    expect(stderr).toContain('iii store verify');
  });

  it('backup of a store with a damaged journal says so, and copies the rest', async () => {
    const { cwd, store } = await filled();
    await store.append([newJob(uuidOf(5), clock.now())]);
    const killed = join(cwd, 'killed');
    cpSync(join(cwd, 'data', 'queue_store'), killed, { recursive: true });
    await store.close();
    const journal = join(killed, 'journal.1');
    const bytes = readFileSync(journal);
    bytes[100]! ^= 1;
    writeFileSync(journal, bytes);
    const { status, stdout } = await runCli(['store', 'backup', 'killed', 'copy', '-o', 'json'], {
      cwd,
    });
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      states: { waiting: 2 },
      damages: [{ table: 'journal', key: expect.stringContaining('journal.1:') }],
    });
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

/** Overwrites the first byte of a text wherever it stands in a file. */
function spoil(file: string, text: string): void {
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) bytes[at] = 88;
  writeFileSync(file, bytes);
}

describe('iii store migrate', () => {
  const sideOf = (cwd: string, name: string): void => {
    const adapter = `{ name: builtin, config: { store_method: file_based, file_path: '${join(cwd, name)}' } }`;
    const text = `workers:\n  - name: iii-queue\n    config:\n      adapter: ${adapter}\n      queue_configs: { q: {} }\n`;
    writeFileSync(join(cwd, `${name}.yaml`), text);
  };

  /** A folder of an engine with two jobs, a subscription and a value, and an empty one beside it. */
  async function twoSides(): Promise<string> {
    const cwd = newFolder();
    for (const name of ['old', 'new']) sideOf(cwd, name);
    const store = await openStore(join(cwd, 'old'));
    await store.append([1, 2].map((n) => newJob(uuidOf(n), clock.now())));
    await store.close();
    const state = await openState(join(cwd, 'old'));
    await state.update('iii::subscriptions', 't/f', () => '{"topic":"t"}');
    await state.update('users', 'ann', () => '1.0');
    await state.close();
    return cwd;
  }

  it('counts in a rehearsal, then moves jobs, subscriptions and values', async () => {
    const cwd = await twoSides();
    const argv = ['store', 'migrate', '--from', 'old.yaml', '--to', 'new.yaml', '-o', 'json'];
    const rehearsed = await runCli([...argv, '--dry-run'], { cwd });
    expect(JSON.parse(rehearsed.stdout)).toMatchObject({ jobs: 2, subscriptions: 1, values: 1 });
    const { status, stdout } = await runCli(argv, { cwd });
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as {
      readonly valueDigests: { readonly from: string; readonly to: string };
    };
    expect(report).toMatchObject({ jobs: 2, subscriptions: 1, values: 1, valuesStay: false });
    expect(report.valueDigests.to).toBe(report.valueDigests.from);
    const state = await openState(join(cwd, 'new'));
    expect(await state.scopes()).toEqual(['iii::subscriptions', 'users']);
    expect(await state.get('users', 'ann')).toBe('1.0');
    await state.close();
    const again = await runCli(argv, { cwd });
    expect(JSON.parse(again.stdout)).toMatchObject({ jobs: 0, subscriptions: 0, values: 0 });
  });

  it('says what it moved to people', async () => {
    const cwd = await twoSides();
    const argv = ['store', 'migrate', '--from', 'old.yaml', '--to', 'new.yaml'];
    const { stdout, stderr } = await runCli(argv, { cwd });
    expect(stdout).toMatch(/subscriptions +1\nvalues +1\n/);
    expect(stderr).toContain('2 jobs, 1 subscription, 1 value moved, and each read back the same.');
  });
});
