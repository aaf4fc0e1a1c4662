import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import type { IiiError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { DATA_FILE } from '../../../src/stores/file/data-file.ts';
import { FileStore } from '../../../src/stores/file/file-store.ts';
import type { RecordKey, Table } from '../../../src/stores/file/tables.ts';
import { LmdbRecords } from '../../../src/stores/file/lmdb-records.ts';
import { WriteBatch } from '../../../src/stores/file/write-batch.ts';
import { newFolder } from '../../support/file-maker.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const POLICIES = [policyOf('q')];
const clock = new ManualClock();

function storeIn(path: string, settings: { repair?: boolean } = {}) {
  const fatal: IiiError[] = [];
  const onFatal = (error: IiiError): void => {
    fatal.push(error);
  };
  const store = new FileStore({ clock, log: silentLogger, path, onFatal, ...settings });
  return Object.assign(store, { fatal });
}

async function opened(path: string, settings: { repair?: boolean } = {}) {
  const store = storeIn(path, settings);
  await store.open(POLICIES);
  return store;
}

/** A folder with ten waiting jobs, the first of them dead. */
async function filled(): Promise<string> {
  const folder = join(newFolder(), 'store');
  const store = await opened(folder);
  const jobs = Array.from({ length: 10 }, (_, n) => newJob(uuidOf(n), clock.now()));
  await store.append(jobs);
  const [lease] = await store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
  await store.settle([
    {
      id: lease!.job.id,
      epoch: lease!.epoch,
      verdict: {
        kind: 'dead',
        reason: 'exhausted',
        error: { code: 'boom', message: 'it said boom' },
        countsAttempt: true,
      },
      record: null,
      at: clock.now(),
    },
  ]);
  await store.close();
  return folder;
}

/**
 * Changes one bit of a record in the file, as a failing disk does: also what an open store looks at
 * changes, which would not see for a while what another transaction has written.
 */
async function damage(folder: string, table: Table, key: RecordKey): Promise<void> {
  const records = new LmdbRecords(folder, 'read');
  const record = Buffer.from(records.read(table, key)!);
  await records.close();
  const path = join(folder, DATA_FILE);
  const bytes = readFileSync(path);
  const file = openSync(path, 'r+');
  // the file has pages that are no longer current, too
  for (let at = bytes.indexOf(record); at !== -1; at = bytes.indexOf(record, at + 1)) {
    const last = at + record.length - 1;
    writeSync(file, Buffer.of(bytes[last]! ^ 1), 0, 1, last);
  }
  closeSync(file);
}

function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder).map((name): [string, string] => [
    name,
    readFileSync(join(folder, name)).toString('base64'),
  ]);
  return Object.fromEntries(entries);
}

describe('the folder of a file store', () => {
  it('is made with its parents, and only its owner can read it', async () => {
    const folder = join(newFolder(), 'a', 'b');
    const store = await opened(folder);
    await store.append([newJob(uuidOf(1), clock.now())]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    await store.close();
  });

  it('is refused to a second store, which is told whose it is', async () => {
    const folder = join(newFolder(), 'store');
    const store = await opened(folder);
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`another process (${process.pid})`),
      details: { folder, pid: process.pid },
    });
    await store.close();
    await (await opened(folder)).close();
  });

  it('is free again when its owner was killed', async () => {
    const folder = join(newFolder(), 'store');
    await (await opened(folder)).close();
    const lock = new URL('../../support/hold-store-lock.mjs', import.meta.url).pathname;
    const owner = execFile(process.execPath, [lock, folder]);
    await once(owner.stdout!, 'data');
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      details: { pid: owner.pid },
    });
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await (await opened(folder)).close();
  });

  it('of a newer version is refused, and nothing in it is touched', async () => {
    const folder = await filled();
    writeFileSync(join(folder, 'store.json'), '{"format":3,"id":"x"}');
    const before = contents(folder);
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('format 3'),
    });
    expect(contents(folder)).toEqual(before);
  });

  it('of format 1, which has no journal, keeps its jobs and its id, and becomes format 2', async () => {
    const folder = await filled();
    const records = new LmdbRecords(folder, 'write');
    const batch = new WriteBatch();
    batch.remove('store', 'journal');
    await records.commit(batch);
    await records.close();
    writeFileSync(join(folder, 'store.json'), '{"format":1,"id":"x"}');
    const store = await opened(folder);
    expect((await store.stats()).get('q')).toMatchObject({ waiting: 9, dead: 1 });
    await store.append([newJob(uuidOf(20), clock.now())]);
    expect(JSON.parse(readFileSync(join(folder, 'store.json'), 'utf8'))).toEqual({
      format: 2,
      id: 'x',
    });
    await store.close();
    const again = await opened(folder);
    expect((await again.stats()).get('q')).toMatchObject({ waiting: 10, dead: 1 });
    await again.close();
  });

  it('ends the engine when it is deleted while the engine runs', async () => {
    const folder = await filled();
    const store = await opened(folder);
    rmSync(folder, { recursive: true });
    await expect(store.append([newJob(uuidOf(20), clock.now())])).rejects.toThrow('gone');
    expect(store.fatal).toHaveLength(1);
    await store.close();
  });
});

describe('a damaged file store', () => {
  it.each([
    ['jobs', 3],
    ['states', 1],
    ['queues', 'q'],
  ] as const)('refuses to open when a record of %s is not what was written', async (table, key) => {
    const folder = await filled();
    await damage(folder, table, key);
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      hint: expect.stringContaining('--repair'),
      details: { damages: [expect.objectContaining({ table, key })] },
    });
  });

  it('refuses to open when a state belongs to no job', async () => {
    const folder = await filled();
    const records = new LmdbRecords(folder, 'write');
    const batch = new WriteBatch();
    batch.remove('jobs', 1);
    await records.commit(batch);
    await records.close();
    await expect(opened(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });

  it('keeps the rest when it is told to repair, and puts the damage aside', async () => {
    const folder = await filled();
    await damage(folder, 'jobs', 3);
    const store = await opened(folder, { repair: true });
    const stats = await store.stats();
    expect(stats.get('q')).toMatchObject({ waiting: 8, dead: 1 });
    await store.close();
    const records = new LmdbRecords(folder, 'read');
    expect([...records.scan('aside')].map(({ key }) => key)).toEqual(['jobs 3']);
    await records.close();
    await (await opened(folder)).close();
  });

  it('puts a job aside whose record is damaged while the engine runs, and leases the others', async () => {
    const folder = await filled();
    const store = await opened(folder);
    await damage(folder, 'jobs', 3);
    const leases = await store.lease({ queue: 'q', limit: 10, offer: offerOf(null) });
    expect(leases.map(({ job }) => job.seq)).toEqual([2, 4, 5, 6, 7, 8, 9, 10]);
    expect(await store.get(uuidOf(2))).toBeUndefined();
    await store.close();
    const again = await opened(folder);
    expect((await again.stats()).get('q')).toMatchObject({ inFlight: 8, waiting: 0, dead: 1 });
    await again.close();
  });

  it.each([0, 4096, 8192, 20_000])(
    'is refused when its file was cut off at %i bytes',
    async (at) => {
      const folder = await filled();
      truncateSync(join(folder, 'data.mdb'), at);
      await expect(opened(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    },
  );

  it('is refused when its database is missing, and is not made anew', async () => {
    const folder = await filled();
    rmSync(join(folder, 'data.mdb'));
    await expect(opened(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(existsSync(join(folder, 'data.mdb'))).toBe(false);
  });

  it('is refused when it no longer says which format it has', async () => {
    const folder = await filled();
    const copy = join(newFolder(), 'copy');
    cpSync(folder, copy, { recursive: true });
    rmSync(join(folder, 'store.json'));
    await expect(opened(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    writeFileSync(join(copy, 'store.json'), 'nonsense');
    await expect(opened(copy)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });
});
