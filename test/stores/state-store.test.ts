import { closeSync, openSync, readFileSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import type { StateStore } from '../../src/state/store.ts';
import { CommitFailure } from '../../src/stores/file/commit-failure.ts';
import { FileStateStore } from '../../src/stores/file/file-state-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
import type { RecordPort } from '../../src/stores/file/record-port.ts';
import { encodeValue, valueKey } from '../../src/stores/file/value-record.ts';
import { WriteBatch } from '../../src/stores/file/write-batch.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { newFolder } from '../support/file-maker.ts';

const log = silentLogger;

const STORES: readonly [string, () => StateStore][] = [
  ['memory', () => new MemoryStateStore()],
  ['file', () => new FileStateStore({ path: newFolder(), log })],
];

const put = (store: StateStore, scope: string, key: string, text: string | undefined) =>
  store.update(scope, key, () => text);

describe.each(STORES)('a %s state store', (_name, make) => {
  it('keeps values by scope and key, in order, as the text they are', async () => {
    const store = make();
    await store.open();
    expect(await put(store, 'b', '2', '1.0')).toEqual({ before: undefined, after: '1.0' });
    await put(store, 'b', '10', '{"__proto__":1}');
    await put(store, 'a', 'x', '"\\ud800"');
    expect(await store.get('b', '2')).toBe('1.0');
    expect(await store.get('b', 'x')).toBeUndefined();
    expect([...(await store.list('b'))]).toEqual([
      ['10', '{"__proto__":1}'],
      ['2', '1.0'],
    ]);
    expect(await store.scopes()).toEqual(['a', 'b']);
    expect(await put(store, 'a', 'x', undefined)).toEqual({
      before: '"\\ud800"',
      after: undefined,
    });
    expect(await store.scopes()).toEqual(['b']);
    await store.close();
  });

  it('lets no change come between reading and writing', async () => {
    const store = make();
    await store.open();
    const add = () => store.update('s', 'n', (before) => String(Number(before ?? '0') + 1));
    const changes = await Promise.all(Array.from({ length: 200 }, add));
    expect(changes.map(({ after }) => Number(after))).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
    expect(await store.get('s', 'n')).toBe('200');
    await store.close();
  });

  it('changes nothing when the change throws', async () => {
    const store = make();
    await store.open();
    await put(store, 's', 'k', '1');
    const attempt = store.update('s', 'k', () => {
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await store.get('s', 'k')).toBe('1');
    await store.close();
  });
});

describe('a file state store', () => {
  it('has everything again after it was opened again', async () => {
    const path = newFolder();
    const store = new FileStateStore({ path, log });
    await store.open();
    const long = 'k'.repeat(5_000);
    await Promise.all([put(store, 's', long, '1'), put(store, 's', '\u0000\ud800', '2')]);
    await put(store, 's', 'gone', '3');
    await put(store, 's', 'gone', undefined);
    await store.close();
    const again = new FileStateStore({ path, log });
    await again.open();
    expect(await again.list('s')).toEqual(
      new Map([
        ['\u0000\ud800', '2'],
        [long, '1'],
      ]),
    );
    await again.close();
  });

  it('belongs to one process at a time, and to its owner only', async () => {
    const path = newFolder();
    const store = new FileStateStore({ path, log });
    await store.open();
    await expect(new FileStateStore({ path, log }).open()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
    const modes = readdirSync(path).map((name) => statSync(join(path, name)).mode & 0o077);
    expect(new Set(modes)).toEqual(new Set([0]));
    await store.close();
  });

  it('does not show a change that the disk did not take', async () => {
    const path = newFolder();
    const records = new LmdbRecords(path, 'write');
    let full = false;
    const failing: RecordPort = {
      read: (table, key) => records.read(table, key),
      scan: (table) => records.scan(table),
      count: (table) => records.count(table),
      hasRoom: () => records.hasRoom(),
      close: () => records.close(),
      commit: (batch) =>
        full
          ? Promise.reject(new CommitFailure('no room', 'ENOSPC', false))
          : records.commit(batch),
    };
    const store = new FileStateStore({ path, log, openRecords: () => failing });
    await store.open();
    await put(store, 's', 'k', '1');
    full = true;
    const add = () => store.update('s', 'k', (before) => `${before}1`);
    const attempts = await Promise.allSettled([add(), add()]);
    expect(attempts.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await store.get('s', 'k')).toBe('1');
    full = false;
    expect(await add()).toEqual({ before: '1', after: '11' });
    await store.close();
  });

  it('with a record in the place of another does not open', async () => {
    const path = newFolder();
    const store = new FileStateStore({ path, log });
    await store.open();
    await put(store, 's', 'k', '1');
    await store.close();
    const records = new LmdbRecords(path, 'write');
    const batch = new WriteBatch();
    encodeValue(batch.begin('values', valueKey('s', 'k')), { scope: 's', key: 'x', text: '2' });
    await records.commit(batch);
    await records.close();
    await expect(new FileStateStore({ path, log }).open()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
    });
  });

  it('with a damaged record does not open, unless told to put it aside', async () => {
    const path = newFolder();
    const store = new FileStateStore({ path, log });
    await store.open();
    await put(store, 's', 'good', '1');
    await put(store, 's', 'bad', '"a-text-that-is-easily-found"');
    await store.close();
    spoil(join(path, 'data.mdb'), 'easily');
    await expect(new FileStateStore({ path, log }).open()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
    });
    const repaired = new FileStateStore({ path, log, repair: true });
    await repaired.open();
    expect(await repaired.list('s')).toEqual(new Map([['good', '1']]));
    await repaired.close();
  });
});

/** Overwrites a text wherever it stands in a file. */
function spoil(file: string, text: string): void {
  const bytes = readFileSync(file);
  const fd = openSync(file, 'r+');
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
    writeSync(fd, 'X', at);
  }
  closeSync(fd);
}
