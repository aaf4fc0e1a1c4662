import { resolve } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { Lanes } from '../../queue/lanes.ts';
import { queueStats } from '../../queue/queue-stats.ts';
import { ROW } from '../../queue/row-state.ts';
import { STORE_GAPS } from '../../queue/store-gaps.ts';
import type {
  DeadSelection,
  JobFilter,
  JobPage,
  JobScan,
  LeaseRequest,
  QueueStats,
  Receipt,
  Reclaimed,
  Rewrite,
  ScannedJob,
  Settlement,
  Store,
  StoreSignal,
  StoreTraits,
} from '../../queue/store.ts';
import { scanTable } from '../../queue/table-scan.ts';
import type { Job, Lease, NewJob, QueuePolicy } from '../../queue/types.ts';
import type { CommitFailure } from './commit-failure.ts';
import { JobWriter } from './job-writer.ts';
import type { OpenedStore, OpenRecords } from './open-store.ts';
import { openStore } from './open-store.ts';
import type { RecordDamage } from './recover.ts';
import { recover } from './recover.ts';
import { openFailed, storeDamaged, writeFailed } from './store-errors.ts';
import { StoredJobs } from './stored-jobs.ts';

/** How long after a failed write the next one is tried. */
const PROBE_AFTER_MS = 500;

export interface FileStoreParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** The folder; made when it is not there. */
  readonly path: string;
  /** Put damaged records aside and go on, instead of refusing to open. */
  readonly repair?: boolean;
  /** Called once when the files can no longer be trusted: the process has to end and start again. */
  readonly onFatal?: (error: IiiError) => void;
  /** Told how long each write to the disk took, in milliseconds. */
  readonly onFlush?: (durationMs: number) => void;
  /** Another database than LMDB: for tests. */
  readonly openRecords?: OpenRecords;
}

/** What there is while the store is open. */
interface Open extends OpenedStore {
  readonly stored: StoredJobs;
  readonly writer: JobWriter;
}

/**
 * Keeps every job in a folder: lanes for the order, LMDB for the records.
 *
 * Memory never runs ahead of the disk. What a caller or a worker can see has been synced, and the
 * one exception is a lease, which is on its way to the disk when it is given out.
 */
export class FileStore implements Store {
  readonly traits: StoreTraits;
  readonly #parts: FileStoreParts;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lanes = new Lanes((row) => this.#opened?.writer.forget(row));
  readonly #listeners: ((signal: StoreSignal) => void)[] = [];
  #opened: Open | undefined;
  /** Why nothing can be written at the moment; `null` while all is well. */
  #failure: IiiError | null = null;
  /** Why no jobs are accepted at the moment although changes can be written. */
  #noRoom: IiiError | null = null;
  #cancelTimer: CancelTimer | undefined;
  /** When the timer will ring; `Infinity` without one. */
  #timerAt = Infinity;
  #closed = false;

  constructor(parts: FileStoreParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.traits = {
      name: 'file',
      guarantee: 'on disk: synced before the receipt is sent',
      survivesRestart: true,
      sharedByEngines: false,
      location: resolve(parts.path),
      gaps: STORE_GAPS.file,
    };
  }

  async open(policies: readonly QueuePolicy[]): Promise<void> {
    const opened = await openStore(this.#parts);
    try {
      await this.#recover(opened, policies);
    } catch (thrown) {
      this.#opened = undefined;
      await opened.close();
      throw openFailed(opened.folder, thrown);
    }
    this.#changed();
  }

  configure(policies: readonly QueuePolicy[]): void {
    this.#lanes.configure(policies, this.#clock.now());
    this.#changed();
  }

  async append(jobs: readonly NewJob[]): Promise<readonly Receipt[]> {
    const { writer } = this.#writable();
    if (this.#noRoom !== null) throw this.#noRoom;
    const { table } = this.#lanes;
    const rows: number[] = [];
    const fresh: NewJob[] = [];
    const receipts: Receipt[] = [];
    let restsOnOthers = false;
    try {
      for (const job of jobs) {
        const { row, duplicate } = this.#lanes.admit(job);
        receipts.push({ id: duplicate ? table.idOf(row) : job.id, duplicate });
        if (duplicate) {
          restsOnOthers ||= table.columns.state.get(row) === ROW.admitted;
        } else {
          rows.push(row);
          fresh.push(job);
        }
      }
    } catch (error) {
      for (const row of rows) this.#lanes.withdraw(row);
      throw error;
    }
    if (rows.length > 0 || restsOnOthers) await writer.append(rows, fresh);
    return receipts;
  }

  async lease({ queue, limit, offer }: LeaseRequest): Promise<readonly Lease[]> {
    const open = this.#open();
    // an attempt that cannot be recorded could begin again and again without ever counting
    if (this.#failure !== null) return [];
    const rows = this.#lanes.lease(queue, limit, offer, this.#clock.now());
    const leases = this.#begin(open, rows);
    this.#changed();
    return leases.map(({ lease }) => lease);
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const { writer } = this.#writable();
    const rows = settlements.map(({ id, epoch }) => this.#lanes.reserveLeased(id, epoch));
    const reserved = rows.filter((row) => row !== NO_ROW);
    if (reserved.length > 0) {
      await writer.settle(
        reserved,
        settlements.filter((_, at) => rows[at] !== NO_ROW),
      );
    }
    return rows.map((row) => row !== NO_ROW);
  }

  async reclaim(limit: number): Promise<readonly Reclaimed[]> {
    const open = this.#open();
    if (this.#failure !== null) return [];
    const reclaimed = this.#lanes.reclaim(limit, this.#clock.now());
    const causes = new Map(reclaimed.map(({ row, cause }) => [row, cause]));
    const leases = this.#begin(open, [...causes.keys()]);
    this.#changed();
    return leases.map(({ row, lease }) => ({ lease, cause: causes.get(row) ?? 'orphaned' }));
  }

  refusal(): IiiError | null {
    return this.#failure ?? this.#noRoom;
  }

  watch(listener: (signal: StoreSignal) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer?.();
    this.#listeners.length = 0;
    const opened = this.#opened;
    if (opened === undefined) return;
    if (this.#failure === null) await opened.writer.drain();
    await opened.close();
  }

  async stats(): Promise<ReadonlyMap<string, QueueStats>> {
    return queueStats(this.#lanes.table);
  }

  async get(id: string): Promise<Job | undefined> {
    const { stored } = this.#open();
    const row = this.#lanes.find(id);
    return row === NO_ROW ? undefined : stored.jobOf(row);
  }

  async list(filter: JobFilter): Promise<JobPage> {
    const { stored } = this.#open();
    const { rows, nextCursor } = this.#lanes.list(filter);
    const jobs = rows.map((row) => stored.jobOf(row)).filter((job) => job !== undefined);
    return { jobs, nextCursor };
  }

  scan(scan: JobScan): AsyncIterable<readonly ScannedJob[]> {
    return scanTable(this.#lanes.table, this.#open().stored, scan);
  }

  async cancel(ids: readonly string[]): Promise<readonly string[]> {
    const { writer } = this.#writable();
    const rows = ids.map((id) => this.#lanes.reserveWaiting(id));
    return writer.discard(rows.filter((row) => row !== NO_ROW));
  }

  async redrive(selection: DeadSelection): Promise<readonly string[]> {
    const { writer } = this.#writable();
    return writer.redrive(this.#lanes.reserveDead(selection));
  }

  async discard(selection: DeadSelection): Promise<readonly string[]> {
    const { writer } = this.#writable();
    return writer.discard(this.#lanes.reserveDead(selection));
  }

  async rewrite(rewrites: readonly Rewrite[]): Promise<readonly boolean[]> {
    return this.#writable().writer.rewrite(rewrites);
  }

  async pause(queue: string, paused: boolean): Promise<void> {
    await this.#writable().writer.pause(queue, paused);
  }

  async #recover(opened: OpenedStore, policies: readonly QueuePolicy[]): Promise<void> {
    const { records, folder } = opened;
    const lanes = this.#lanes;
    const stored = new StoredJobs(records, lanes);
    const writer = new JobWriter({
      lanes,
      records,
      stored,
      clock: this.#clock,
      onFlush: this.#parts.onFlush,
      applied: () => this.#applied(),
      failed: (failure) => this.#failed(folder, failure),
    });
    this.#opened = { ...opened, stored, writer };
    // settings first: they say how many finished jobs are kept
    this.configure(policies);
    const { damages, next } = recover(records, lanes, this.#clock.now());
    writer.continueFrom(next);
    if (damages.length > 0) await this.#repair(folder, writer, damages);
    await records.rest?.();
  }

  async #repair(
    folder: string,
    writer: JobWriter,
    damages: readonly RecordDamage[],
  ): Promise<void> {
    if (this.#parts.repair !== true) throw storeDamaged(folder, damages);
    for (const damage of damages) this.#log.error('a damaged record was put aside', { ...damage });
    writer.repair(damages);
    await writer.drain();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Reads jobs that were just leased, and records their leases. Those that cannot be read are put aside. */
  #begin(
    { stored, writer }: Open,
    rows: readonly number[],
  ): { readonly row: number; readonly lease: Lease }[] {
    const leases: { row: number; lease: Lease }[] = [];
    for (const row of rows) {
      const job = holdReadable(stored, row);
      if (job === undefined) {
        this.#log.error('a damaged job was put aside', { job: this.#lanes.table.idOf(row) });
        writer.putAside(row);
      } else leases.push({ row, lease: { job, attempt: job.attempts + 1, epoch: job.epoch } });
    }
    if (leases.length > 0) writer.begin(leases.map(({ row }) => row));
    return leases;
  }

  #applied(): void {
    if (this.#failure !== null) {
      this.#failure = null;
      this.#log.info('the store can be written again', { folder: this.traits.location });
      for (const queue of this.#lanes.table.lines.keys()) {
        this.#signal('leasable', queue);
        this.#signal('reclaimable', queue);
      }
    }
    this.#changed();
  }

  #failed(folder: string, failure: CommitFailure): IiiError {
    const error = writeFailed(folder, failure);
    if (this.#noRoom === null) {
      this.#log.error('the store cannot be written', { error: error.message });
    }
    this.#failure = error;
    if (failure.fatal) {
      this.#parts.onFatal?.(error);
      return writeFailed(folder, failure, true);
    }
    if (this.#noRoom === null) this.#clock.after(PROBE_AFTER_MS, () => this.#probe());
    this.#noRoom = error;
    return error;
  }

  /** Sees whether the disk takes writes again. Until it does, every change is refused. */
  #probe(): void {
    if (this.#closed || this.#opened === undefined) return;
    if (this.#failure !== null) this.#opened.writer.probe();
    else if (this.#opened.records.hasRoom()) {
      this.#noRoom = null;
      return;
    }
    this.#clock.after(PROBE_AFTER_MS, () => this.#probe());
  }

  #open(): Open {
    if (this.#opened !== undefined && !this.#closed) return this.#opened;
    throw new IiiError('UNAVAILABLE', 'The store is not open.', { details: { retryable: true } });
  }

  #writable(): Open {
    if (this.#failure !== null) throw this.#failure;
    return this.#open();
  }

  #signal(kind: StoreSignal['kind'], queue: string): void {
    for (const listener of this.#listeners) listener({ kind, queue });
  }

  /** After every change: tells the listeners, and waits for the earliest time that matters. */
  #changed(): void {
    this.#lanes.takeSignals((kind, queue) => this.#signal(kind, queue));
    const at = this.#lanes.nextAt();
    if (at >= this.#timerAt || this.#closed) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.after(at - this.#clock.now(), () => {
      this.#timerAt = Infinity;
      this.#cancelTimer = undefined;
      this.#lanes.advance(this.#clock.now());
      this.#changed();
    });
  }
}

/** A page of the database that cannot be read is as good as a damaged record. */
function holdReadable(stored: StoredJobs, row: number): Job | undefined {
  try {
    return stored.hold(row);
  } catch {
    return undefined;
  }
}
