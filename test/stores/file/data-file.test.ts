import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDataFile } from '../../../src/stores/file/data-file.ts';
import { LmdbRecords } from '../../../src/stores/file/lmdb-records.ts';
import { WriteBatch } from '../../../src/stores/file/write-batch.ts';
import { newFolder } from '../../support/file-maker.ts';

const PAGE_BYTES = 4096;
const NEVER = 0xff;

const folder = newFolder();
let healthy: Buffer;
/** Number of the page that says what is the case, and of the root of the main tree. */
let meta: number;
let root: number;

async function commit(records: LmdbRecords, write: (batch: WriteBatch) => void): Promise<void> {
  const batch = new WriteBatch();
  write(batch);
  await records.commit(batch);
}

/** Some pages in use, some free, and records with pages of their own. */
async function fill(records: LmdbRecords): Promise<void> {
  for (let key = 1; key <= 200; key++) {
    const bytes = Buffer.alloc(key % 20 === 0 ? 9_000 : 300, key);
    await commit(records, (batch) => batch.put('jobs', key, bytes));
  }
  await commit(records, (batch) => {
    for (let key = 1; key <= 150; key++) batch.remove('jobs', key);
  });
}

beforeAll(async () => {
  const records = new LmdbRecords(folder, 'write');
  await fill(records);
  await records.close();
  healthy = readFileSync(join(folder, 'data.mdb'));
  const transactions = [0, 1].map((page) => healthy.readUInt32LE(page * PAGE_BYTES + 152));
  meta = transactions[0]! > transactions[1]! ? 0 : 1;
  root = healthy.readUInt32LE(meta * PAGE_BYTES + 136);
});

/** A copy of the healthy file in a folder of its own, changed. */
function changed(change: (bytes: Buffer) => void): string {
  const copy = newFolder();
  const bytes = Buffer.from(healthy);
  change(bytes);
  writeFileSync(join(copy, 'data.mdb'), bytes);
  return copy;
}

/** What it is refused with; `null` when it is not. */
function refusal(path: string): { code: string; page: unknown; reason: string } | null {
  try {
    checkDataFile(path);
    return null;
  } catch (thrown) {
    const { code, details, reason } = thrown as {
      code: string;
      details: { page?: unknown };
      reason: string;
    };
    return { code, page: details.page, reason };
  }
}

describe('the check of a database file', () => {
  it('finds nothing wrong with what LMDB wrote, nor with a copy that LMDB made', async () => {
    expect(refusal(folder)).toBeNull();
    const records = new LmdbRecords(folder, 'read');
    const copy = newFolder();
    await records.copyTo(copy);
    await records.close();
    expect(refusal(copy)).toBeNull();
    const written = new LmdbRecords(copy, 'write');
    for (let key = 1; key <= 3; key++) {
      await commit(written, (batch) => batch.put('queues', `q${key}`, Buffer.from('x')));
      expect(refusal(copy)).toBeNull();
    }
    await written.close();
  });

  it('finds a list of free pages where it is, whether in its leaf or on pages of its own', async () => {
    const path = newFolder();
    const records = new LmdbRecords(path, 'write');
    await commit(records, (batch) => {
      for (let key = 1; key <= 20_000; key++) batch.put('jobs', key, Buffer.alloc(300));
    });
    // a reader keeps the lists from being used up, so that they fill the leaf of a list that is long
    const reader = records.scan('jobs')[Symbol.iterator]();
    reader.next();
    let removed = 0;
    const remove = async (count: number) => {
      await commit(records, (batch) => {
        for (let key = 1; key <= count; key++) batch.remove('jobs', removed + key);
      });
      removed += count;
    };
    for (let round = 1; round <= 60; round++) {
      await remove(round % 10 === 0 ? 2_900 : 40);
      expect(refusal(path)).toBeNull();
    }
    reader.return?.();
    await records.close();
  });

  it('does not mind that a record has more pages of its own than it needs', async () => {
    // LMDB leaves it those that it had when it is made shorter in the same transaction; it does that
    // with its own list of free pages
    for (const bytes of [9_000, 4_000, 56]) {
      const written = newFolder();
      const records = new LmdbRecords(written, 'write');
      await commit(records, (batch) => {
        batch.put('jobs', 1, Buffer.alloc(20_000, 1));
        batch.put('jobs', 1, Buffer.alloc(bytes, 2));
      });
      expect(records.read('jobs', 1)).toEqual(Buffer.alloc(bytes, 2));
      await records.close();
      expect(refusal(written)).toBeNull();
    }
  });

  it('does not mind free pages at the end that are missing', () => {
    const used = healthy.readUInt32LE(meta * PAGE_BYTES + 144) + 1;
    const longer = changed((bytes) => bytes.writeUInt32LE(used + 50, meta * PAGE_BYTES + 144));
    expect(refusal(longer)).toBeNull();
  });

  it.each<[string, (bytes: Buffer) => void, () => number]>([
    ['that begins as something else', (bytes) => (bytes[25] = 0), () => 0],
    ['of another version', (bytes) => (bytes[PAGE_BYTES + 28] = 9), () => 1],
    [
      'whose older state has become the newer one',
      (bytes) => (bytes[(1 - meta) * PAGE_BYTES + 155] = 1),
      () => meta,
    ],
    ['with a table of another name', (bytes) => spoil(bytes, 'jobs\0', 'jobz\0'), () => root],
    ['with a tree that is deeper', (bytes) => (bytes[meta * PAGE_BYTES + 102] = 2), () => root],
    ['whose root is elsewhere', (bytes) => (bytes[meta * PAGE_BYTES + 139] = 1), () => meta],
    ['with a page that is another', (bytes) => (bytes[root * PAGE_BYTES] = NEVER), () => root],
    ['with a page of the future', (bytes) => (bytes[root * PAGE_BYTES + 15] = 1), () => root],
    ['with a page of another kind', (bytes) => (bytes[root * PAGE_BYTES + 18] = 4), () => root],
    ['with a page too full', (bytes) => (bytes[root * PAGE_BYTES + 21] = NEVER), () => root],
    ['with an entry outside its page', (bytes) => (bytes[root * PAGE_BYTES + 25] = 99), () => root],
  ])('refuses a file %s, and says where', (_what, change, page) => {
    const found = refusal(changed(change));
    expect(found?.reason).toContain('Nothing was changed');
    expect(found).toMatchObject({ code: 'STORE_DAMAGED', page: page() });
  });

  it('refuses a file whose list of free pages has one that is in use', () => {
    const free = healthy.readUInt32LE(meta * PAGE_BYTES + 88);
    const spoiled = changed((bytes) => {
      const node = free * PAGE_BYTES + 24 + bytes.readUInt16LE(free * PAGE_BYTES + 24);
      const list = node + 8 + bytes.readUInt16LE(node + 6);
      bytes.writeBigInt64LE(1n, list);
      bytes.writeBigInt64LE(BigInt(root), list + 8);
    });
    expect(refusal(spoiled)).toMatchObject({
      page: root,
      reason: expect.stringContaining('free') as string,
    });
  });

  it('refuses a file that was cut off inside what is in use, and leaves its length alone', () => {
    const cut = changed(() => undefined);
    const file = join(cut, 'data.mdb');
    writeFileSync(file, healthy.subarray(0, root * PAGE_BYTES));
    expect(refusal(cut)).toMatchObject({ code: 'STORE_DAMAGED' });
    expect(readFileSync(file)).toHaveLength(root * PAGE_BYTES);
  });
});

function spoil(bytes: Buffer, text: string, other: string): void {
  bytes.write(other, root * PAGE_BYTES + bytes.subarray(root * PAGE_BYTES).indexOf(text), 'latin1');
}
