import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import { stateName } from '../../queue/row-state.ts';
import type { QueueTotals } from '../../queue/store.ts';
import type { JobState } from '../../queue/types.ts';
import { checkDataFile } from './data-file.ts';
import { LmdbRecords } from './lmdb-records.ts';
import type { Damage } from './recover.ts';
import { readStore } from './recover.ts';
import { openFailed } from './store-errors.ts';
import { checkFormat } from './store-folder.ts';
import { lockStore, ownerOf } from './store-lock.ts';

/** A store as it is on disk. Counts are of jobs. */
export interface StoreReport {
  readonly folder: string;
  readonly format: number;
  /** Bytes of all its files. */
  readonly bytes: number;
  /** The engine that has it open; `null` when none has. */
  readonly pid: number | null;
  readonly states: Readonly<Partial<Record<JobState, number>>>;
  readonly queues: readonly {
    readonly name: string;
    readonly paused: boolean;
    readonly totals: QueueTotals;
  }[];
  /** Damaged records that an earlier repair put aside. */
  readonly aside: number;
  readonly damages: readonly Damage[];
}

/**
 * Reads every record of a store and checks it, also while an engine runs.
 * @throws IiiError NOT_FOUND, STORE_DAMAGED when the database itself cannot be read
 */
export function inspectStore(path: string): Promise<StoreReport> {
  return withRecords(path, async (records, { folder, format, pid }) => {
    const states: Partial<Record<JobState, number>> = {};
    const queues: StoreReport['queues'][number][] = [];
    const damages: Damage[] = [];
    readStore(records, {
      job: ({ state }) => {
        const name = (state === null ? 'waiting' : stateName(state.state)) ?? 'waiting';
        states[name] = (states[name] ?? 0) + 1;
      },
      queue: ({ name, paused, totals }) => queues.push({ name, paused, totals }),
      damage: (damage) => damages.push(damage),
    });
    const aside = records.count('aside');
    return { folder, format, bytes: sizeOf(folder), pid, states, queues, aside, damages };
  });
}

interface Place {
  readonly folder: string;
  readonly format: number;
  readonly pid: number | null;
}

/** Opens the records of a store for reading, with an engine beside it or without. */
export async function withRecords<Answer>(
  path: string,
  use: (records: LmdbRecords, place: Place) => Promise<Answer>,
): Promise<Answer> {
  const folder = resolve(path);
  const found = statSync(folder, { throwIfNoEntry: false });
  const format = found === undefined ? null : checkFormat(folder);
  if (format === null) {
    throw new IiiError('NOT_FOUND', `There is no store in ${folder}.`, {
      hint: 'Give the folder that iii serve names at its start.',
      details: { folder },
    });
  }
  // without an engine nobody may start one meanwhile; with one the files are in order
  const lock = await lockStore(folder).catch((thrown: unknown) => {
    if (thrown instanceof IiiError && thrown.code === 'STORE_LOCKED') return null;
    throw openFailed(folder, thrown);
  });
  let records: LmdbRecords | undefined;
  try {
    if (lock !== null) checkDataFile(folder);
    records = new LmdbRecords(folder, 'read');
    const pid = lock === null ? ownerOf(folder) : null;
    return await use(records, { folder, format: format.format, pid });
  } catch (thrown) {
    throw openFailed(folder, thrown);
  } finally {
    await records?.close();
    await lock?.release();
  }
}

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder)) bytes += statSync(join(folder, name)).size;
  return bytes;
}
