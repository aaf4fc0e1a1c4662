import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Store } from '../../src/queue/store.ts';
import type { QueuePolicy } from '../../src/queue/types.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
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
  readonly records: LmdbRecords;
}

const opened = new WeakMap<Store, Opened>();

async function openIn(
  folder: string,
  policies: readonly QueuePolicy[],
  clock: ManualClock,
): Promise<Store> {
  let records: LmdbRecords | undefined;
  const store = new FileStore({
    clock,
    log: silentLogger,
    path: folder,
    openRecords: (path) => (records = new LmdbRecords(path, 'write')),
  });
  await store.open(policies);
  opened.set(store, { folder, records: records! });
  return store;
}

/** File stores that are closed before they are opened again. */
export const fileMaker: StoreMaker = {
  open: (policies, clock) => openIn(newFolder(), policies, clock),
  reopen: async (store, policies, clock) => {
    await store.close();
    return openIn(opened.get(store)!.folder, policies, clock);
  },
  dispose: async (store) => {
    await store.close();
    rmSync(opened.get(store)!.folder, { recursive: true, force: true });
  },
};

/** File stores whose process dies: what was not committed by then is gone. */
export const crashingFileMaker: StoreMaker = {
  ...fileMaker,
  reopen: async (store, policies, clock) => {
    const { folder, records } = opened.get(store)!;
    await records.close();
    const next = newFolder();
    cpSync(folder, next, { recursive: true });
    return openIn(next, policies, clock);
  },
};
