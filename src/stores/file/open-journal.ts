import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import { encodeApplied, readApplied } from './applied-record.ts';
import { APPLIED_KEY, journalFileOf } from './journal-layout.ts';
import type { JournalTurn } from './journal-reader.ts';
import { forEachChange, readJournal } from './journal-reader.ts';
import { JournaledRecords } from './journaled-records.ts';
import type { LmdbRecords } from './lmdb-records.ts';
import type { Changes } from './record-port.ts';
import { storeDamaged } from './store-errors.ts';
import { syncFile, syncFolder } from './store-folder.ts';

/** Where to report what was put aside; `null` to refuse instead. */
export type Repair = Logger | null;

export interface OpenJournalParts {
  readonly folder: string;
  readonly database: LmdbRecords;
  /** See `JournaledRecordsParts`. */
  readonly turnBytes: number;
  readonly repair: Repair;
}

/**
 * Brings a database up to what its journal has, and begins a new turn.
 * @throws IiiError STORE_DAMAGED; CommitFailure when the disk takes no writes
 */
export async function openJournal({
  folder,
  database,
  turnBytes,
  repair,
}: OpenJournalParts): Promise<JournaledRecords> {
  const applied = readApplied(database, folder);
  const content = readJournal(folder, applied);
  if (content.damages.length > 0) {
    if (repair === null) throw storeDamaged(folder, content.damages);
    keepDamaged(folder, applied.generation + 1);
    for (const damage of content.damages) {
      repair.error('a damaged part of the journal was put aside', { ...damage });
    }
  }
  const generation = content.turns.at(-1)?.generation ?? applied.generation;
  if (!applied.isClosed) await database.commitAlone(replayOf(content.turns, generation));
  const records = new JournaledRecords({
    folder,
    database,
    turnBytes,
    lastNumber: content.lastNumber,
  });
  await records.begin(generation);
  return records;
}

/** All that turns of a journal have, as one change that makes its files superfluous. */
export function replayOf(turns: readonly JournalTurn[], generation: number): Changes {
  return {
    forEach: (visit) => {
      for (const { frames } of turns) for (const frame of frames) forEachChange(frame, visit);
      visit('store', APPLIED_KEY, encodeApplied({ generation, isClosed: true }));
    },
  };
}

/** Copies the files of a damaged journal, which are about to be written over. */
function keepDamaged(folder: string, generation: number): void {
  for (const name of [journalFileOf(0), journalFileOf(1)]) {
    if (!existsSync(join(folder, name))) continue;
    const copy = join(folder, `${name}.damaged-${generation}`);
    copyFileSync(join(folder, name), copy);
    syncFile(copy);
  }
  syncFolder(folder);
}
