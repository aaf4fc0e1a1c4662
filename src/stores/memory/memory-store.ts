import type { CancelTimer, Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { appendHistory } from '../../queue/history.ts';
import { Lanes } from '../../queue/lanes.ts';
import { queueStats } from '../../queue/queue-stats.ts';
import { applyRewrite, reserveRewrite } from '../../queue/rewrite.ts';
import type { RowBodies } from '../../queue/row-job.ts';
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
import type {
  AttemptRecord,
  Job,
  JobFailure,
  Lease,
  NewJob,
  QueuePolicy,
} from '../../queue/types.ts';

/** What of a job is not in the lanes. */
interface Body {
  readonly job: NewJob;
  history: readonly AttemptRecord[];
  failure: JobFailure | null;
  /** The job's own, until it is redriven. */
  expiresAt: number | null;
}

const NO_HISTORY: readonly AttemptRecord[] = [];
/** Bytes of a finished job beside its texts, roughly. */
const BODY_BYTES = 600;

export interface MemoryStoreParts {
  readonly clock: Clock;
}

/** Keeps every job in this process: lanes for the order, and a body per row. */
export class MemoryStore implements Store {
  readonly traits: StoreTraits = {
    name: 'memory',
    guarantee: 'accepted in memory; gone when the engine stops',
    survivesRestart: false,
    sharedByEngines: false,
    location: null,
    gaps: STORE_GAPS.memory,
  };
  readonly #clock: Clock;
  readonly #bodies: (Body | undefined)[] = [];
  readonly #lanes = new Lanes((row) => {
    this.#bodies[row] = undefined;
  });
  readonly #listeners: ((signal: StoreSignal) => void)[] = [];
  #cancelTimer: CancelTimer | undefined;
  /** When the timer will ring; `Infinity` without one. */
  #timerAt = Infinity;
  #closed = false;

  constructor({ clock }: MemoryStoreParts) {
    this.#clock = clock;
  }

  async open(policies: readonly QueuePolicy[]): Promise<void> {
    this.configure(policies);
  }

  configure(policies: readonly QueuePolicy[]): void {
    this.#lanes.configure(policies, this.#clock.now());
    this.#changed();
  }

  async append(jobs: readonly NewJob[]): Promise<readonly Receipt[]> {
    const now = this.#clock.now();
    const rows: number[] = [];
    const receipts: Receipt[] = [];
    try {
      for (const job of jobs) {
        const { row, duplicate } = this.#lanes.admit(job);
        if (duplicate) {
          receipts.push({ id: this.#lanes.table.idOf(row), duplicate });
          continue;
        }
        rows.push(row);
        this.#bodies[row] = {
          job,
          history: NO_HISTORY,
          failure: null,
          expiresAt: job.expiresAt,
        };
        receipts.push({ id: job.id, duplicate });
      }
    } catch (error) {
      for (const row of rows) this.#lanes.withdraw(row);
      throw error;
    }
    for (const row of rows) this.#lanes.accept(row, now);
    this.#changed();
    return receipts;
  }

  async lease({ queue, limit, offer }: LeaseRequest): Promise<readonly Lease[]> {
    const rows = this.#lanes.lease(queue, limit, offer, this.#clock.now());
    const leases = rows.map((row) => this.#leaseOf(row));
    this.#changed();
    return leases;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const now = this.#clock.now();
    const applied = settlements.map((settlement) => this.#settle(settlement, now));
    this.#changed();
    return applied;
  }

  async reclaim(limit: number): Promise<readonly Reclaimed[]> {
    const reclaimed = this.#lanes
      .reclaim(limit, this.#clock.now())
      .map(({ row, cause }) => ({ lease: this.#leaseOf(row), cause }));
    this.#changed();
    return reclaimed;
  }

  watch(listener: (signal: StoreSignal) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#listeners.length = 0;
  }

  async stats(): Promise<ReadonlyMap<string, QueueStats>> {
    return queueStats(this.#lanes.table);
  }

  async get(id: string): Promise<Job | undefined> {
    const row = this.#lanes.find(id);
    return row === NO_ROW ? undefined : this.#jobOf(row);
  }

  async list(filter: JobFilter): Promise<JobPage> {
    const { rows, nextCursor } = this.#lanes.list(filter);
    return { jobs: rows.map((row) => this.#jobOf(row)), nextCursor };
  }

  scan(scan: JobScan): AsyncIterable<readonly ScannedJob[]> {
    const bodies: RowBodies = {
      payloadOf: (row) => this.#bodies[row]?.job.payload,
      failureOf: (row) => this.#bodies[row]?.failure ?? null,
      jobOf: (row) => (this.#bodies[row] === undefined ? undefined : this.#jobOf(row)),
    };
    return scanTable(this.#lanes.table, bodies, scan);
  }

  async cancel(ids: readonly string[]): Promise<readonly string[]> {
    const rows = ids.map((id) => this.#lanes.reserveWaiting(id)).filter((row) => row !== NO_ROW);
    return this.#discard(rows);
  }

  async redrive(selection: DeadSelection): Promise<readonly string[]> {
    const now = this.#clock.now();
    const rows = this.#lanes.reserveDead(selection);
    for (const row of rows) {
      const body = this.#bodyOf(row);
      body.failure = null;
      body.expiresAt = null;
      this.#lanes.redrive(row, now, now);
    }
    this.#changed();
    return this.#idsOf(rows);
  }

  async discard(selection: DeadSelection): Promise<readonly string[]> {
    return this.#discard(this.#lanes.reserveDead(selection));
  }

  async pause(queue: string, paused: boolean): Promise<void> {
    this.#lanes.table.line(queue).paused = paused;
  }

  async rewrite(rewrites: readonly Rewrite[]): Promise<readonly boolean[]> {
    const now = this.#clock.now();
    const done = rewrites.map((rewrite) => {
      const reserved = reserveRewrite(this.#lanes, rewrite, () => undefined);
      if (reserved === null) return false;
      const { job } = rewrite;
      const isNewDeath = job.state === 'dead' && reserved.job.deathOrder === 0;
      const deathOrder = isNewDeath ? this.#lanes.takeNumber('died') : reserved.job.deathOrder;
      const row = applyRewrite(
        this.#lanes,
        { ...reserved, job: { ...reserved.job, deathOrder } },
        now,
      );
      const { history, failure, expiresAt } = job;
      this.#bodies[row] = { job, history, failure, expiresAt };
      return true;
    });
    this.#changed();
    return done;
  }

  #settle({ id, epoch, verdict, record, at }: Settlement, now: number): boolean {
    const row = this.#lanes.reserveLeased(id, epoch);
    if (row === NO_ROW) return false;
    const body = this.#bodyOf(row);
    if (record !== null) body.history = appendHistory(body.history, record);
    if (verdict.kind === 'dead') {
      body.failure = { reason: verdict.reason, failedAt: at, error: verdict.error };
    }
    this.#lanes.settle(row, verdict, at, now, bytesOf(body));
    return true;
  }

  #discard(rows: readonly number[]): readonly string[] {
    const now = this.#clock.now();
    const ids = this.#idsOf(rows);
    for (const row of rows) this.#lanes.discard(row, now, now, bytesOf(this.#bodyOf(row)));
    this.#changed();
    return ids;
  }

  #idsOf(rows: readonly number[]): string[] {
    return rows.map((row) => this.#bodyOf(row).job.id);
  }

  #bodyOf(row: number): Body {
    const body = this.#bodies[row];
    if (body === undefined) throw new RangeError(`no job in row ${row}`);
    return body;
  }

  /** Written out member by member: spreading objects of this size is twenty times slower. */
  #jobOf(row: number): Job {
    const { job, history, failure, expiresAt } = this.#bodyOf(row);
    const progress = this.#lanes.table.progressOf(row);
    return {
      id: job.id,
      queue: job.queue,
      functionId: job.functionId,
      payload: job.payload,
      group: job.group,
      priority: job.priority,
      enqueuedAt: job.enqueuedAt,
      dueAt: progress.dueAt,
      expiresAt,
      dedupKey: job.dedupKey,
      overrides: job.overrides,
      traceparent: job.traceparent,
      baggage: job.baggage,
      metadata: job.metadata,
      seq: progress.seq,
      state: progress.state,
      attempts: progress.attempts,
      interruptions: progress.interruptions,
      epoch: progress.epoch,
      history,
      failure,
      leasedAt: progress.leasedAt,
      endedAt: progress.endedAt,
    };
  }

  #leaseOf(row: number): Lease {
    const job = this.#jobOf(row);
    return { job, attempt: job.attempts + 1, epoch: job.epoch };
  }

  /** After every change: tells the listeners, and waits for the earliest time that matters. */
  #changed(): void {
    this.#lanes.takeSignals((kind, queue) => {
      for (const listener of this.#listeners) listener({ kind, queue });
    });
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

function bytesOf({ job, history }: Body): number {
  let bytes = BODY_BYTES + job.payload.length + (job.metadata?.length ?? 0);
  for (const { error } of history) {
    if (error !== null) bytes += error.message.length + (error.stack?.length ?? 0);
  }
  return bytes;
}
