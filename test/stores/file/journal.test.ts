import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/base/logger.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { CommitFailure } from '../../../src/stores/file/commit-failure.ts';
import { FRAME, HEADER_BYTES, readHeader } from '../../../src/stores/file/journal-layout.ts';
import type { JournaledRecords } from '../../../src/stores/file/journaled-records.ts';
import { LmdbRecords } from '../../../src/stores/file/lmdb-records.ts';
import { openJournal } from '../../../src/stores/file/open-journal.ts';
import { StoreView } from '../../../src/stores/file/store-view.ts';
import type { RecordKey, Table } from '../../../src/stores/file/tables.ts';
import { WriteBatch } from '../../../src/stores/file/write-batch.ts';
import { newFolder } from '../../support/file-maker.ts';

const LONG_TURN = 1_000_000;

interface Change {
  readonly table: Table;
  readonly key: RecordKey;
  /** `null` removes. */
  readonly text: string | null;
}

async function openIn(
  folder: string,
  { turnBytes = LONG_TURN, repair = null as Logger | null } = {},
): Promise<JournaledRecords> {
  const database = new LmdbRecords(folder, 'write');
  return openJournal({ folder, database, turnBytes, repair }).catch(async (thrown: unknown) => {
    await database.close();
    throw thrown;
  });
}

function batchOf(changes: readonly Change[]): WriteBatch {
  const batch = new WriteBatch();
  for (const { table, key, text } of changes) {
    if (text === null) batch.remove(table, key);
    else batch.put(table, key, Buffer.from(text));
  }
  return batch;
}

const put = (key: number, text: string): Change => ({ table: 'jobs', key, text });

/** The folder as the end of the process would leave it now. */
function crashed(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** Every record of the tables that the changes below touch, as text. */
function contentsOf(records: Pick<JournaledRecords, 'scan'>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const table of ['jobs', 'states', 'values'] as const) {
    for (const { key, bytes } of records.scan(table)) found[`${table} ${key}`] = bytes.toString();
  }
  return found;
}

async function contentsAfterOpening(folder: string): Promise<Record<string, string>> {
  const records = await openIn(folder);
  const contents = contentsOf(records);
  await records.close();
  return contents;
}

/** A store whose process ended with these commits in the first turn of its journal. */
async function journalOf(...commits: readonly (readonly Change[])[]): Promise<string> {
  const folder = newFolder();
  const records = await openIn(folder);
  for (const changes of commits) await records.commit(batchOf(changes));
  const copy = crashed(folder);
  await records.close();
  return copy;
}

/** Where the frames of the first turn begin, and where the last one ends: zeros follow. */
function frameEndsOf(folder: string): number[] {
  const bytes = readFileSync(join(folder, 'journal.1'));
  const ends = [HEADER_BYTES];
  for (let at = HEADER_BYTES; ;) {
    const length = bytes.readUInt32LE(at + FRAME.bytes);
    if (length === 0) return ends;
    at += length;
    ends.push(at);
  }
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
}

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    table: fc.constantFrom<Table>('jobs', 'states'),
    key: fc.integer({ min: 1, max: 40 }),
    text: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 })),
  }),
  fc.record({
    table: fc.constant<Table>('values'),
    key: fc.constantFrom('a', 'b', 'ä', 'long'.repeat(40)),
    text: fc.option(fc.string({ maxLength: 60 })),
  }),
);

describe('records with a journal', () => {
  it('are what was committed: when read, beside the process, after its end, and in a copy', async () => {
    const changes = fc.array(anyChange, { minLength: 1, maxLength: 8 });
    const anyCommits = fc.array(fc.record({ changes, isNoted: fc.boolean() }), { maxLength: 40 });
    let turns = 0;
    let notes = 0;
    await fc.assert(
      fc.asyncProperty(
        anyCommits,
        fc.constantFrom(300, 1_000, LONG_TURN),
        async (commits, turnBytes) => {
          const folder = newFolder();
          const records = await openIn(folder, { turnBytes });
          const expected: Record<string, string> = {};
          for (const { changes, isNoted } of commits) {
            if (isNoted && records.note(batchOf(changes))) notes++;
            else await records.commit(batchOf(changes));
            for (const { table, key, text } of changes) {
              if (text === null) delete expected[`${table} ${key}`];
              else expected[`${table} ${key}`] = text;
            }
            for (const { table, key } of changes) {
              expect(records.read(table, key)?.toString()).toBe(expected[`${table} ${key}`]);
            }
          }
          const view = new StoreView(folder);
          expect(view.damages).toEqual([]);
          expect(contentsOf(view)).toEqual(expected);
          const jobs = [...view.scan('jobs')].map(({ key }) => Number(key));
          expect(jobs).toEqual([...jobs].sort((a, b) => a - b));
          expect(view.count('jobs')).toBe(jobs.length);
          const copy = newFolder();
          await view.copyTo(copy);
          await view.close();
          const ended = crashed(folder);
          turns += readFileSync(join(ended, 'journal.0')).length > 0 ? 1 : 0;
          await records.close();
          for (const place of [copy, ended, folder]) {
            expect(await contentsAfterOpening(place)).toEqual(expected);
            expect(readdirSync(place).filter((name) => name.startsWith('journal'))).toEqual([]);
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(turns).toBeGreaterThan(10);
    expect(notes).toBeGreaterThan(100);
  });

  it('have what was noted in one frame with the commit that follows, and lose none of it alone', async () => {
    const folder = newFolder();
    const records = await openIn(folder);
    await records.commit(batchOf([put(1, 'one')]));
    expect(records.note(batchOf([put(2, 'two')]))).toBe(true);
    expect(records.note(batchOf([put(3, 'three')]))).toBe(true);
    const noted = { 'jobs 1': 'one', 'jobs 2': 'two', 'jobs 3': 'three' };
    expect(await contentsAfterOpening(crashed(folder))).toEqual(noted);
    expect(frameEndsOf(folder)).toHaveLength(3);
    await records.commit(batchOf([put(4, 'four')]));
    const ends = frameEndsOf(folder);
    expect(ends).toHaveLength(3);
    const committed = crashed(folder);
    expect(await contentsAfterOpening(committed)).toEqual({ ...noted, 'jobs 4': 'four' });
    // a power cut in the middle of the commit: whichever of its bytes came to disk, no damage is seen
    for (let at = ends[1]!; at < ends[2]!; at++) {
      const copy = crashed(folder);
      flip(join(copy, 'journal.1'), at);
      expect(await contentsAfterOpening(copy)).toEqual({ 'jobs 1': 'one' });
    }
    await records.commit(new WriteBatch());
    await records.close();
    expect(await contentsAfterOpening(folder)).toEqual({ ...noted, 'jobs 4': 'four' });
  });

  it('note nothing that the next commit could not write again quickly', async () => {
    const folder = newFolder();
    const records = await openIn(folder);
    expect(records.note(batchOf([put(1, 'x'.repeat(40_000))]))).toBe(true);
    const second = batchOf([put(2, 'y'.repeat(40_000))]);
    expect(records.note(second)).toBe(false);
    expect(records.read('jobs', 2)).toBeUndefined();
    await records.commit(second);
    expect(Object.keys(await contentsAfterOpening(crashed(folder)))).toHaveLength(2);
    await records.close();
  });

  it('lose only the commit that was cut off, wherever that was', async () => {
    const commits = [[put(1, 'one')], [put(2, 'two'), put(1, 'uno')], [put(3, 'three')]];
    const folder = await journalOf(...commits);
    const ends = frameEndsOf(folder);
    const expected = [
      {},
      { 'jobs 1': 'one' },
      { 'jobs 1': 'uno', 'jobs 2': 'two' },
      { 'jobs 1': 'uno', 'jobs 2': 'two', 'jobs 3': 'three' },
    ];
    for (let length = HEADER_BYTES; length <= ends.at(-1)!; length++) {
      const whole = ends.filter((end) => end <= length).length - 1;
      for (const rest of [0, 1_000]) {
        const copy = crashed(folder);
        truncateSync(join(copy, 'journal.1'), length);
        // zeros, as those that a commit is written over
        truncateSync(join(copy, 'journal.1'), length + rest);
        expect(await contentsAfterOpening(copy)).toEqual(expected[whole]);
      }
    }
  });

  it('do not take the rest of an earlier turn for a part of this one', async () => {
    const folder = newFolder();
    const records = await openIn(folder, { turnBytes: 400 });
    const commits = Array.from({ length: 40 }, (_, n) => [put(n + 1, 'x'.repeat(n % 7))]);
    for (const changes of commits) {
      await records.commit(batchOf(changes));
      const found = await contentsAfterOpening(crashed(folder));
      expect(Object.keys(found)).toHaveLength(commits.indexOf(changes) + 1);
    }
    await records.close();
  });

  it('keep commits of any size, and the turns after a large one are short again', async () => {
    const folder = newFolder();
    const records = await openIn(folder, { turnBytes: 1_000 });
    const large = 'x'.repeat(2_000_000);
    await records.commit(batchOf([put(1, large)]));
    for (let key = 2; key <= 40; key++) await records.commit(batchOf([put(key, 'y'.repeat(100))]));
    expect(records.read('jobs', 1)?.toString()).toBe(large);
    const found = await contentsAfterOpening(crashed(folder));
    expect(Object.keys(found)).toHaveLength(40);
    expect([found['jobs 1'], found['jobs 40']]).toEqual([large, 'y'.repeat(100)]);
    await records.close();
  });

  it('end a turn early when it has many records for the database, those that ended aside', async () => {
    const folder = newFolder();
    const records = await openIn(folder, { turnBytes: 1_000_000_000 });
    const of = (from: number, count: number, text: string | null): Change[] =>
      Array.from({ length: count }, (_, at) => ({ table: 'jobs', key: from + at, text }));
    const second = (): unknown => readHeader(readFileSync(join(folder, 'journal.0')))?.generation;
    await records.commit(batchOf(of(1, 6_000, 'ends')));
    await records.commit(batchOf(of(1, 6_000, null)));
    await records.commit(batchOf(of(6_001, 6_999, 'stays')));
    expect(second()).toBeUndefined();
    await records.commit(batchOf(of(20_000, 1, 'stays')));
    expect(second()).toBe(2);
    await records.commit(batchOf(of(6_001, 1, null)));
    const found = await contentsAfterOpening(crashed(folder));
    expect(Object.keys(found)).toHaveLength(6_999);
    await records.close();
    expect(await contentsAfterOpening(folder)).toEqual(found);
  });

  it('are refused when a bit before the last commit was turned, and say where', async () => {
    const folder = await journalOf([put(1, 'one')], [put(2, 'two')], [put(3, 'three')]);
    const [first = 0, second = 0, third = 0] = frameEndsOf(folder);
    for (let at = 0; at < third; at++) {
      const copy = crashed(folder);
      flip(join(copy, 'journal.1'), at);
      const start = at < first ? 0 : at < second ? first : second;
      const place = { table: 'journal', key: `journal.1:${start}` };
      await expect(openIn(copy)).rejects.toMatchObject({
        code: 'STORE_DAMAGED',
        details: { damages: [place] },
      });
      const view = new StoreView(copy);
      expect(view.damages).toMatchObject([place]);
      await view.close();
    }
  });

  it('go on without the damaged commit when told to, and keep what was found', async () => {
    const folder = await journalOf([put(1, 'one')], [put(2, 'two')], [put(3, 'three')]);
    const [, second = 0] = frameEndsOf(folder);
    flip(join(folder, 'journal.1'), second + FRAME.changes);
    const before = readFileSync(join(folder, 'journal.1'));
    const reports: unknown[] = [];
    const log: Logger = { ...silentLogger, error: (_, fields) => void reports.push(fields) };
    const records = await openIn(folder, { repair: log });
    expect(contentsOf(records)).toEqual({ 'jobs 1': 'one', 'jobs 3': 'three' });
    expect(reports).toMatchObject([{ table: 'journal', key: `journal.1:${second}` }]);
    await records.close();
    expect(readFileSync(join(folder, 'journal.1.damaged-1'))).toEqual(before);
    expect(await contentsAfterOpening(folder)).toEqual({ 'jobs 1': 'one', 'jobs 3': 'three' });
  });

  it('are refused when the journal is gone that the database still needs', async () => {
    const folder = await journalOf([put(1, 'one')]);
    rmSync(join(folder, 'journal.1'));
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    const records = await openIn(folder, { repair: silentLogger });
    expect(contentsOf(records)).toEqual({});
    await records.close();
  });

  it('stop taking commits when the journal is removed under them', async () => {
    const folder = newFolder();
    const records = await openIn(folder);
    await records.commit(batchOf([put(1, 'one')]));
    rmSync(join(folder, 'journal.1'));
    const failure = { code: 'ENOENT', fatal: true };
    await expect(records.commit(batchOf([put(2, 'two')]))).rejects.toMatchObject(failure);
    await expect(records.commit(batchOf([put(3, 'three')]))).rejects.toMatchObject(failure);
    await records.close();
    expect(existsSync(join(folder, 'journal.0'))).toBe(true);
  });
});

describe('records whose database takes no writes', () => {
  const full = new CommitFailure('No space left on device', 'ENOSPC', false);

  /** Commits that each end a turn, while the database fails as it is told. */
  async function commitWhile(failureOf: (transfer: number) => CommitFailure | null) {
    const folder = newFolder();
    const database = new LmdbRecords(folder, 'write');
    const records = await openJournal({ folder, database, turnBytes: 100, repair: null });
    const commit = database.commit.bind(database);
    let transfers = 0;
    database.commit = async (batch) => {
      const failure = failureOf(++transfers);
      if (failure !== null) throw failure;
      await commit(batch);
    };
    const expected: Record<string, string> = {};
    const append = async (key: number): Promise<void> => {
      await records.commit(batchOf([put(key, `job ${key}`)]));
      expected[`jobs ${key}`] = `job ${key}`;
    };
    return { folder, records, append, expected, transfers: () => transfers };
  }

  it('refuse commits from then on, and take them again when it does', async () => {
    const { folder, records, append, expected, transfers } = await commitWhile((transfer) =>
      transfer <= 3 ? full : null,
    );
    const refusals: number[] = [];
    for (let key = 1; key <= 60; key++) {
      await append(key).catch((thrown: unknown) => {
        expect(thrown).toBe(full);
        refusals.push(transfers());
      });
      const ended = await contentsAfterOpening(crashed(folder));
      expect(ended).toEqual(expected);
      for (const [name, text] of Object.entries(expected)) {
        expect(records.read('jobs', Number(name.slice('jobs '.length)))?.toString()).toBe(text);
      }
    }
    // the first is refused before it is tried again
    expect(refusals).toEqual([1, 2, 3]);
    expect(transfers()).toBeGreaterThan(6);
    await records.close();
    expect(await contentsAfterOpening(folder)).toEqual(expected);
  });

  it('leave everything in the journal when they are closed like that', async () => {
    const { folder, records, append, expected } = await commitWhile(() => full);
    for (let key = 1; key <= 20; key++) await append(key).catch(() => undefined);
    expect(Object.keys(expected).length).toBeGreaterThan(1);
    await records.close();
    expect(await contentsAfterOpening(folder)).toEqual(expected);
  });

  it('refuse the next commit when the failure was for good, and keep those before', async () => {
    const broken = new CommitFailure('Input/output error', 'EIO', true);
    const { folder, records, append, expected } = await commitWhile(() => broken);
    const refused = async (): Promise<number> => {
      for (let key = 1; ; key++) {
        try {
          await append(key);
        } catch {
          return key;
        }
      }
    };
    expect(await refused()).toBeGreaterThan(1);
    await expect(append(100)).rejects.toBe(broken);
    await records.close();
    expect(await contentsAfterOpening(folder)).toEqual(expected);
  });
});
