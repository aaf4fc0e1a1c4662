import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './error-code.ts';
import type { JournalHeader } from './journal-layout.ts';
import {
  CHANGE,
  FRAME,
  HEADER_BYTES,
  JOURNAL_TABLES,
  journalFileOf,
  readHeader,
  sumOf,
} from './journal-layout.ts';
import type { ChangeVisitor } from './record-port.ts';
import type { Damage } from './recover.ts';
import type { RecordKey } from './tables.ts';

/** The changes of one generation. */
export interface JournalTurn {
  readonly generation: number;
  readonly frames: readonly Buffer[];
}

/** What a journal has that its database does not. */
export interface JournalContent {
  /** In the order of their generations. */
  readonly turns: readonly JournalTurn[];
  /** The number of the last frame; 0 without one. */
  readonly lastNumber: number;
  readonly damages: readonly Damage[];
}

/** How far a database has gone along with its journal. */
export interface Applied {
  /** Everything up to this generation is in the database. */
  readonly generation: number;
  /** Whether there are no files: the store was closed in order, or never had a journal. */
  readonly isClosed: boolean;
}

interface Found {
  readonly name: string;
  readonly header: JournalHeader | null;
  readonly bytes: Buffer;
}

/**
 * Reads the files of a journal. What is behind the last whole frame was cut off by the end of the
 * process, or is of an earlier turn; a frame that is not whole and has one of its own turn behind it is
 * damage, and so is a file that has to be there and is not.
 */
export function readJournal(folder: string, applied: Applied): JournalContent {
  if (applied.isClosed) return { turns: [], lastNumber: 0, damages: [] };
  const damages: Damage[] = [];
  const turns: JournalTurn[] = [];
  let lastNumber = 0;
  // The next file always has its header: it is written before anything is expected of it.
  for (const generation of [applied.generation + 1, applied.generation + 2]) {
    const found = readFile(folder, journalFileOf(generation));
    if (found.header?.generation === generation) {
      const turn = readFrames(found, found.header, lastNumber, damages);
      turns.push({ generation, frames: turn.frames });
      lastNumber = turn.lastNumber;
    } else if (generation === applied.generation + 1 || isDamaged(found)) {
      damages.push(damageAt(found.name, 0, `It is not turn ${generation} of the journal.`));
    }
  }
  return { turns, lastNumber, damages };
}

/** Visits the changes of a frame in the order in which they were made. */
export function forEachChange(frame: Buffer, visit: ChangeVisitor): void {
  for (let at: number = FRAME.changes; at < frame.length;) {
    const flags = frame.readUInt8(at);
    const table = JOURNAL_TABLES[flags & CHANGE.table];
    let key: RecordKey;
    if ((flags & CHANGE.textKey) === 0) {
      key = frame.readDoubleLE(at + 1);
      at += 9;
    } else {
      const end = at + 5 + frame.readUInt32LE(at + 1);
      key = frame.toString('utf8', at + 5, end);
      at = end;
    }
    let value: Buffer | null = null;
    if ((flags & CHANGE.removal) === 0) {
      const end = at + 4 + frame.readUInt32LE(at);
      value = frame.subarray(at + 4, end);
      at = end;
    }
    if (table !== undefined) visit(table, key, value);
  }
}

function readFile(folder: string, name: string): Found {
  try {
    const bytes = readFileSync(join(folder, name));
    return { name, header: readHeader(bytes), bytes };
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
    return { name, header: null, bytes: Buffer.alloc(0) };
  }
}

function readFrames(
  { name, bytes }: Found,
  { salt }: JournalHeader,
  before: number,
  damages: Damage[],
): { readonly frames: readonly Buffer[]; readonly lastNumber: number } {
  const frames: Buffer[] = [];
  let lastNumber = before;
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const frame = frameAt(bytes, at, salt, lastNumber);
    if (frame === null) {
      const next = nextFrame(bytes, at + 1, salt, lastNumber);
      if (next === -1) break;
      damages.push(damageAt(name, at, 'What was written there is not what is there now.'));
      at = next;
      continue;
    }
    frames.push(frame);
    lastNumber = frame.readDoubleLE(FRAME.number);
    at += frame.length;
  }
  return { frames, lastNumber };
}

/** The frame that begins there, when it is whole and of this turn. */
function frameAt(bytes: Buffer, at: number, salt: Buffer, before: number): Buffer | null {
  if (at + FRAME.changes > bytes.length) return null;
  const length = bytes.readUInt32LE(at);
  if (length < FRAME.changes || at + length > bytes.length) return null;
  const frame = bytes.subarray(at, at + length);
  if (!frame.subarray(FRAME.salt, FRAME.number).equals(salt)) return null;
  if (frame.readUInt32LE(FRAME.crc) !== sumOf(frame)) return null;
  return frame.readDoubleLE(FRAME.number) > before ? frame : null;
}

/** Where a later frame of this turn begins; -1 without one. */
function nextFrame(bytes: Buffer, from: number, salt: Buffer, before: number): number {
  for (
    let at = bytes.indexOf(salt, from + FRAME.salt);
    at !== -1;
    at = bytes.indexOf(salt, at + 1)
  ) {
    if (frameAt(bytes, at - FRAME.salt, salt, before) !== null) return at - FRAME.salt;
  }
  return -1;
}

/** A file that was never written, or whose header a power cut kept from the disk, has nothing in it. */
function isDamaged({ header, bytes }: Found): boolean {
  return header === null && bytes.subarray(0, HEADER_BYTES).some((byte) => byte !== 0);
}

function damageAt(name: string, at: number, problem: string): Damage {
  return { table: 'journal', key: `${name}:${at}`, jobId: null, problem };
}
