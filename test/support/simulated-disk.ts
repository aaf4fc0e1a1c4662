import { CommitFailure } from '../../src/stores/file/commit-failure.ts';
import type { RecordPort, StoredRecord } from '../../src/stores/file/record-port.ts';
import type { RecordKey, Table } from '../../src/stores/file/tables.ts';
import type { WriteBatch } from '../../src/stores/file/write-batch.ts';

/** One write: `null` removes. */
export interface Write {
  readonly table: Table;
  readonly key: RecordKey;
  readonly bytes: Buffer | null;
}

type Image = Map<Table, Map<RecordKey, Buffer>>;

/**
 * A disk with a cache in front of it: what was written can be read at once, and is still there after
 * a power cut only when it was synced before.
 */
export class SimulatedDisk {
  /** What a power cut leaves. */
  readonly #durable: Image = new Map();
  #cache: Image = new Map();
  #unsynced: Write[] = [];
  #gate: Promise<void> = Promise.resolve();

  write(writes: readonly Write[]): void {
    for (const write of writes) {
      change(this.#cache, write);
      this.#unsynced.push(write);
    }
  }

  sync(): void {
    for (const write of this.#unsynced.splice(0)) change(this.#durable, write);
  }

  /** Loses everything that was not synced. */
  cutPower(): void {
    this.#unsynced = [];
    this.#cache = new Map([...this.#durable].map(([table, records]) => [table, new Map(records)]));
  }

  /** The same disk in another machine. */
  snapshot(): SimulatedDisk {
    const copy = new SimulatedDisk();
    for (const [table, records] of this.#cache) {
      for (const [key, bytes] of records) copy.write([{ table, key, bytes }]);
    }
    copy.sync();
    return copy;
  }

  /** Lets no commit end before the returned function is called. */
  holdCommits(): () => void {
    let open = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  /** Whether commits may end; resolves at once unless they are held. */
  get gate(): Promise<void> {
    return this.#gate;
  }

  records(table: Table): Map<RecordKey, Buffer> {
    let records = this.#cache.get(table);
    if (records === undefined) {
      records = new Map();
      this.#cache.set(table, records);
    }
    return records;
  }
}

function change(image: Image, { table, key, bytes }: Write): void {
  let records = image.get(table);
  if (records === undefined) {
    records = new Map();
    image.set(table, records);
  }
  if (bytes === null) records.delete(key);
  else records.set(key, bytes);
}

/** The file store's database on a simulated disk. Tests override a method to plant a bug. */
export class SimulatedRecords implements RecordPort {
  protected readonly disk: SimulatedDisk;
  /** Commits begun so far. */
  commits = 0;
  /** Answers why commit number n, from 1, fails; `null` when it does not. */
  failureOf: (commit: number) => CommitFailure | null = () => null;
  room = true;

  constructor(disk: SimulatedDisk) {
    this.disk = disk;
  }

  read(table: Table, key: RecordKey): Buffer | undefined {
    const bytes = this.disk.records(table).get(key);
    return bytes === undefined ? undefined : Buffer.from(bytes);
  }

  scan(table: Table): Iterable<StoredRecord> {
    const records = [...this.disk.records(table)].map(([key, bytes]) => ({ key, bytes }));
    return records.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  count(table: Table): number {
    return this.disk.records(table).size;
  }

  async commit(batch: WriteBatch): Promise<void> {
    this.commits++;
    const failure = this.failureOf(this.commits);
    const writes = writesOf(batch);
    await this.disk.gate;
    if (failure !== null) throw failure;
    await this.persist(writes);
  }

  async rest(): Promise<void> {}

  hasRoom(): boolean {
    return this.room;
  }

  async close(): Promise<void> {}

  protected async persist(writes: readonly Write[]): Promise<void> {
    this.disk.write(writes);
    this.disk.sync();
  }
}

export const diskFull = new CommitFailure('no space left on device', 'ENOSPC', false);

function writesOf(batch: WriteBatch): Write[] {
  const writes: Write[] = [];
  batch.forEach((table, key, value) => {
    writes.push({ table, key, bytes: value === null ? null : Buffer.from(value) });
  });
  return writes;
}
