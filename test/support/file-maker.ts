import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Store } from '../../src/queue/store.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
import type { RecordPort } from '../../src/stores/file/record-port.ts';
import { SimulatedDisk, SimulatedRecords } from './simulated-disk.ts';
import type { StoreMaker } from './store-fixture.ts';

/** Where a sync costs nothing; what a sync is worth is tested elsewhere. */
const MEMORY_DISK = '/dev/shm';

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder that is removed when the test process ends at the latest. */
export function newFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'iii-store-'));
  folders.push(folder);
  return folder;
}

interface Opened {
  readonly folder: string;
  readonly records: RecordPort;
  readonly disk: SimulatedDisk | null;
}

const opened = new WeakMap<Store, Opened>();

async function openIn(
  folder: string,
  policies: readonly QueuePolicy[],
  clock: ManualClock,
  makeRecords: (folder: string) => RecordPort,
  disk: SimulatedDisk | null = null,
): Promise<Store> {
  const records = makeRecords(folder);
  const store = new FileStore({
    clock,
    log: silentLogger,
    path: folder,
    openRecords: () => records,
  });
  await store.open(policies);
  opened.set(store, { folder, records, disk });
  return store;
}

function onLmdb(folder: string): LmdbRecords {
  return new LmdbRecords(folder, 'write');
}

async function dispose(store: Store): Promise<void> {
  await store.close();
  rmSync(opened.get(store)!.folder, { recursive: true, force: true });
}

/** What is left of a store in another folder: the one who had it still holds its lock. */
function copyOf(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** File stores that are closed before they are opened again. */
export const fileMaker: StoreMaker = {
  open: (policies, clock) => openIn(newFolder(), policies, clock, onLmdb),
  reopen: async (store, policies, clock) => {
    await store.close();
    return openIn(opened.get(store)!.folder, policies, clock, onLmdb);
  },
  dispose,
};

/** File stores whose process dies: what was not committed by then is gone. */
export const crashingFileMaker: StoreMaker = {
  ...fileMaker,
  reopen: async (store, policies, clock) => {
    const { folder, records } = opened.get(store)!;
    await records.close();
    const copy = copyOf(folder);
    await dispose(store);
    return openIn(copy, policies, clock, onLmdb);
  },
};

/**
 * File stores on a simulated disk whose power is cut before they are opened again.
 * @param makeRecords plants a bug between the store and the disk
 */
export function powerCutMaker(
  makeRecords: (disk: SimulatedDisk) => RecordPort = (disk) => new SimulatedRecords(disk),
): StoreMaker {
  return {
    open: (policies, clock) => {
      const disk = new SimulatedDisk();
      return openIn(newFolder(), policies, clock, () => makeRecords(disk), disk);
    },
    reopen: async (store, policies, clock) => {
      const { folder, disk } = opened.get(store)!;
      disk!.cutPower();
      const after = disk!.snapshot();
      const copy = copyOf(folder);
      await dispose(store);
      return openIn(copy, policies, clock, () => makeRecords(after), after);
    },
    dispose,
  };
}
