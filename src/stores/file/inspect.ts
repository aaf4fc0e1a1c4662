import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IiiError } from '../../base/errors.ts';
import { stateName } from '../../queue/row-state.ts';
import type { QueueTotals } from '../../queue/store.ts';
import type { JobState } from '../../queue/types.ts';
import { checkDataFile } from './data-file.ts';
import { readValues } from './read-values.ts';
import type { Damage } from './recover.ts';
import { readStore } from './recover.ts';
import { openFailed } from './store-errors.ts';
import { checkFormat, FORMAT_FILE } from './store-folder.ts';
import { lockStore, ownerOf } from './store-lock.ts';
import { StoreView } from './store-view.ts';
import { STATE_FOLDER } from './tables.ts';

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
  /** The values beside the jobs, subscriptions among them; `null` when none were ever kept. */
  readonly state: { readonly scopes: number; readonly values: number } | null;
  /** Damaged records that an earlier repair put aside. */
  readonly aside: number;
  readonly damages: readonly Damage[];
}

/** What a look at the records found out, without where they are. */
type Found = Omit<StoreReport, 'folder' | 'format' | 'bytes' | 'pid'>;

/**
 * Reads every record of a store and of its state, and checks it, also while an engine runs.
 * @throws IiiError NOT_FOUND, STORE_DAMAGED when a database itself cannot be read
 */
export function inspectStore(path: string): Promise<StoreReport> {
  return withRecords(path, async (records, { folder, format, pid }) => {
    const jobs = readJobs(records);
    const stateFolder = stateFolderOf(folder);
    const place = { folder, format, pid };
    if (stateFolder === null) return { ...place, bytes: sizeOf(folder), ...jobs };
    const values = await withRecords(stateFolder, async (those) => countValues(those));
    return {
      ...place,
      bytes: sizeOf(folder) + sizeOf(stateFolder),
      ...jobs,
      state: values.state,
      aside: jobs.aside + values.aside,
      damages: [...jobs.damages, ...values.damages],
    };
  });
}

/** Where the values of a store are; `null` when it has none. */
export function stateFolderOf(folder: string): string | null {
  const state = join(folder, STATE_FOLDER);
  return existsSync(join(state, FORMAT_FILE)) ? state : null;
}

function readJobs(records: StoreView): Found {
  const states: Partial<Record<JobState, number>> = {};
  const queues: StoreReport['queues'][number][] = [];
  const damages = [...records.damages];
  readStore(records, {
    job: ({ state }) => {
      const name = (state === null ? 'waiting' : stateName(state.state)) ?? 'waiting';
      states[name] = (states[name] ?? 0) + 1;
    },
    queue: ({ name, paused, totals }) => queues.push({ name, paused, totals }),
    damage: (damage) => damages.push(damage),
  });
  return { states, queues, state: null, aside: records.count('aside'), damages };
}

function countValues(records: StoreView): Pick<Found, 'state' | 'aside' | 'damages'> {
  const scopes = new Set<string>();
  const damages = [...records.damages];
  let values = 0;
  readValues(records, {
    value: ({ scope }) => {
      scopes.add(scope);
      values += 1;
    },
    damage: (damage) => damages.push(damage),
  });
  return { state: { scopes: scopes.size, values }, aside: records.count('aside'), damages };
}

interface Place {
  readonly folder: string;
  readonly format: number;
  readonly pid: number | null;
}

/** Opens the records of a store for reading, with an engine beside it or without. */
export async function withRecords<Answer>(
  path: string,
  use: (records: StoreView, place: Place) => Promise<Answer>,
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
  let records: StoreView | undefined;
  try {
    if (lock !== null) checkDataFile(folder);
    records = new StoreView(folder);
    const pid = lock === null ? ownerOf(folder) : null;
    return await use(records, { folder, format: format.format, pid });
  } catch (thrown) {
    throw openFailed(folder, thrown);
  } finally {
    await records?.close();
    await lock?.release();
  }
}

/** Bytes of the files in a folder, without those in folders in it. */
function sizeOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(folder, entry.name)).size;
  }
  return bytes;
}
