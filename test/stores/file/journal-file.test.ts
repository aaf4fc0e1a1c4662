import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { JournalFile } from '../../../src/stores/file/journal-file.ts';
import { newFolder } from '../../support/file-maker.ts';

const disk = vi.hoisted(() => ({
  writes: [] as { from: number; to: number; isZeros: boolean }[],
  /** Writes beyond this find no room, after half of what they were to write. */
  room: Infinity,
}));

vi.mock(import('node:fs'), async (importOriginal) => {
  const fs = await importOriginal();
  const write = (
    fd: number,
    bytes: Buffer,
    at: number,
    length: number,
    place: number,
    done: (error: Error | null, written: number) => void,
  ): void => {
    const part = bytes.subarray(at, at + length);
    if (place + length > disk.room) {
      fs.writeSync(fd, part, 0, length >> 1, place);
      done(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }), 0);
      return;
    }
    disk.writes.push({
      from: place,
      to: place + length,
      isZeros: part.every((byte) => byte === 0),
    });
    fs.write(fd, part, 0, length, place, done);
  };
  return { ...fs, write: write as typeof fs.write };
});

const NAME = 'journal.1';
let folder: string;
let file: JournalFile;

beforeEach(() => {
  disk.writes = [];
  disk.room = Infinity;
  folder = newFolder();
  file = new JournalFile(folder, NAME);
});

const image = (bytes: number): Buffer => Buffer.alloc(bytes, 'x');
const contents = (): string => readFileSync(join(folder, NAME)).toString();

it('writes a commit over zeros that are on disk, however much it has', async () => {
  const ends = [28, 300, 100_000, 100_001, 262_144, 262_145, 2_000_000, 2_000_100];
  const last = image(ends.at(-1)!);
  for (const [at, to] of ends.entries()) await file.write(last, { from: ends[at - 1] ?? 0, to });
  let length = 0;
  for (const { from, to, isZeros } of disk.writes) {
    if (isZeros) expect(from).toBe(length);
    else expect(to).toBeLessThanOrEqual(length);
    length = Math.max(length, to);
  }
  expect(disk.writes.filter(({ isZeros }) => !isZeros)).toHaveLength(ends.length);
  expect(contents().replace(/\0+$/, '')).toBe(last.toString());
});

it('goes on with what a file has after a restart', async () => {
  await file.write(image(1_000), { from: 0, to: 1_000 });
  file.close();
  disk.writes = [];
  file = new JournalFile(folder, NAME);
  await file.write(image(2_000), { from: 0, to: 2_000 });
  expect(disk.writes).toEqual([{ from: 0, to: 2_000, isZeros: false }]);
});

it('that finds no room to grow keeps what it has, and room for what fits', async () => {
  await file.write(image(1_000), { from: 0, to: 1_000 });
  const before = contents();
  disk.room = before.length;
  const full = { code: 'ENOSPC', fatal: false };
  const large = { from: 1_000, to: before.length + 1 };
  await expect(file.write(image(large.to), large)).rejects.toMatchObject(full);
  expect(contents()).toBe(before);
  await file.write(image(2_000), { from: 1_000, to: 2_000 });
  disk.room = Infinity;
  await file.write(image(large.to), { from: 2_000, to: large.to });
  expect(contents().replace(/\0+$/, '')).toBe(image(large.to).toString());
});

it('that finds no room where it writes over what is there leaves nothing of that', async () => {
  await file.write(image(1_000), { from: 0, to: 1_000 });
  disk.room = 1_500;
  const full = { code: 'ENOSPC', fatal: false };
  await expect(file.write(image(2_000), { from: 1_000, to: 2_000 })).rejects.toMatchObject(full);
  expect(contents()).toBe(image(1_000).toString());
  disk.room = Infinity;
  await file.write(image(1_800), { from: 1_000, to: 1_800 });
  expect(contents().replace(/\0+$/, '')).toBe(image(1_800).toString());
});

it('notes within what it has grown to, without a write that waits for the disk', async () => {
  expect(file.note(image(100), { from: 0, to: 100 })).toBe(false);
  await file.write(image(100), { from: 0, to: 100 });
  const before = disk.writes.length;
  const bytes = Buffer.alloc(300, 'y');
  expect(file.note(bytes, { from: 100, to: 300 })).toBe(true);
  expect(disk.writes).toHaveLength(before);
  expect(readFileSync(join(folder, NAME), 'latin1').slice(0, 301)).toBe(
    `${'x'.repeat(100)}${'y'.repeat(200)}\0`,
  );
});
