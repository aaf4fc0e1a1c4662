import type { Columns } from './columns.ts';
import { NO_ROW } from './columns.ts';
import { deadRowsAmong, firstDeadRow } from './dead-rows.ts';
import type { Expiries } from './expiries.ts';
import type { Placement, Progress } from './job-table.ts';
import { JobTable } from './job-table.ts';
import type { RowPage } from './listing.ts';
import { listRows } from './listing.ts';
import { HOLD, ROW } from './row-state.ts';
import type { RunOrder } from './run-order.ts';
import type { DeadSelection, FunctionOffer, JobFilter, QueueTotals } from './store.ts';
import type { QueuePolicy, Verdict } from './types.ts';
import { attemptsCounted, interruptionsCounted } from './verdict.ts';

/** A stored job, to be put back at recovery. */
export type RestoredJob = Placement &
  Omit<Progress, 'leasedAt' | 'endedAt'> & {
    /** In flight: when leased. Dead: when failed. Finished: when ended. Otherwise 0. */
    readonly stampAt: number;
    /** Place in the order of deaths; 0 unless dead. */
    readonly deathOrder: number;
    /** Size of its record; asked of finished jobs only. */
    readonly bytes: number;
  };

export interface ReclaimedRow {
  readonly row: number;
  readonly cause: 'orphaned' | 'expired';
}

/** What `admit` did: a new row, or the row of the unfinished job that holds the dedup key. */
export interface Admission {
  readonly row: number;
  readonly duplicate: boolean;
}

/**
 * All jobs of a store as a compact index: where each is, and which runs next. Payloads and histories
 * are the owner's, by row. Pure: the owner passes the time.
 *
 * A change is made in two steps, for owners that write to disk in between. The first reserves the
 * row, so that nobody else takes it: `admit`, `reserveLeased`, `reserveWaiting`, `reserveDead`. The
 * second carries it out (`accept`, `settle`, `discard`, `redrive`) or undoes the first (`withdraw`
 * for an admitted row, `release` for the others). Owners without a disk do both at once.
 */
export class Lanes {
  /** For looking: rows, ids, counts. Changes go through the lanes. */
  readonly table: JobTable;
  readonly #columns: Columns;
  readonly #order: RunOrder;
  readonly #expiries: Expiries;
  readonly #orphans: number[] = [];
  readonly #expired: number[] = [];
  /** Queues in which something became reclaimable. */
  readonly #reclaimable = new Set<string>();
  #nextSeq = 1;
  #nextDeath = 1;

  /** @param forgotten called with each row just before it is freed, while its id can still be read */
  constructor(forgotten: (row: number) => void) {
    this.table = new JobTable(forgotten);
    this.#columns = this.table.columns;
    this.#order = this.table.order;
    this.#expiries = this.table.expiries;
  }

  /** Adds queues or changes the settings of those that are there, their type included. */
  configure(policies: readonly QueuePolicy[], now: number): void {
    for (const policy of policies) {
      const fifo = policy.type === 'fifo';
      const line = this.table.ensureLine(policy.name, fifo);
      line.policy = policy;
      if (line.fifo !== fifo) {
        this.#order.changeType(line, fifo, this.table.unfinishedRows(line), now);
      }
      this.table.trim(line);
    }
  }

  /** Hands over the queues in which something became leasable or reclaimable since the last call. */
  takeSignals(emit: (kind: 'leasable' | 'reclaimable', queue: string) => void): void {
    drain(this.#order.woken, 'leasable', emit);
    drain(this.#reclaimable, 'reclaimable', emit);
  }

  /** When `advance` will have something to do; `Infinity` when nothing waits for a time. */
  nextAt(): number {
    return Math.min(this.#order.nextDueAt(), this.#expiries.nextAt());
  }

  /** Lets time pass: delays end, and so do times to live. */
  advance(now: number): void {
    this.#order.promote(now);
    if (this.#expiries.nextAt() > now) return;
    for (;;) {
      const row = this.#expiries.takeDue(now);
      if (row === NO_ROW) return;
      const state = this.#columns.state.get(row);
      if (this.#columns.hold.get(row) !== 0) continue;
      if (state !== ROW.waiting && state !== ROW.delayed) continue;
      this.#order.withdraw(row);
      this.#columns.hold.set(row, HOLD.expired);
      this.#expired.push(row);
      this.#reclaimable.add(this.table.lineOf(row).name);
    }
  }

  /**
   * Gives a new job its place and its dedup key; nobody sees it before `accept`.
   * @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS (id not a UUID), CONFLICT (id taken)
   */
  admit(job: Placement): Admission {
    const line = this.table.line(job.queue);
    const holder = job.dedupKey === null ? undefined : line.takenKeys.get(job.dedupKey);
    if (holder !== undefined) return { row: holder, duplicate: true };
    const row = this.table.add(job, line, this.#nextSeq);
    this.#nextSeq++;
    return { row, duplicate: false };
  }

  /** Makes an admitted job waiting or delayed. */
  accept(row: number, now: number): void {
    this.table.lineOf(row).totals.enqueued++;
    this.#place(row, now);
  }

  /** Takes an admitted job back: it never was. */
  withdraw(row: number): void {
    this.table.forget(row);
  }

  /**
   * Puts a stored job back. A job in flight becomes reclaimable as orphaned; finished ones are kept
   * in the order of these calls. The queue need not have settings.
   */
  restore(job: RestoredJob, now: number): number {
    const columns = this.#columns;
    const line = this.table.ensureLine(job.queue, job.group !== null);
    const row = this.table.add(job, line, job.seq);
    columns.attempts.set(row, job.attempts);
    columns.interruptions.set(row, job.interruptions);
    columns.epoch.set(row, job.epoch);
    columns.stampAt.set(row, job.stampAt);
    columns.deathOrder.set(row, job.deathOrder);
    this.#nextSeq = Math.max(this.#nextSeq, job.seq + 1);
    this.#nextDeath = Math.max(this.#nextDeath, job.deathOrder + 1);
    if (job.attempts + job.interruptions > 0) this.#expiries.forget(row);
    switch (job.state) {
      case 'waiting':
      case 'delayed':
        this.#order.place(row, now);
        break;
      case 'in_flight':
        this.#order.setState(row, ROW.inFlight);
        columns.hold.set(row, HOLD.orphaned);
        this.#order.placeInFlight(row);
        this.#orphans.push(row);
        this.#reclaimable.add(line.name);
        break;
      case 'dead':
        this.#order.setState(row, ROW.dead);
        line.dead.push(row);
        break;
      case 'completed':
      case 'discarded':
        this.table.finish(row, ROW[job.state], job.stampAt, job.bytes);
    }
    return row;
  }

  /** Continues the totals of an earlier process. */
  restoreTotals(queue: string, totals: QueueTotals): void {
    Object.assign(this.table.line(queue).totals, totals);
  }

  /** Never gives out a `seq` or death order below these again. */
  continueFrom(nextSeq: number, nextDeathOrder: number): void {
    this.#nextSeq = Math.max(this.#nextSeq, nextSeq);
    this.#nextDeath = Math.max(this.#nextDeath, nextDeathOrder);
  }

  /** Gives out the next place in the order of acceptance, or of deaths. */
  takeNumber(order: 'accepted' | 'died'): number {
    return order === 'died' ? this.#nextDeath++ : this.#nextSeq++;
  }

  /** Takes a row out, whatever its state, without counting anything: its job goes on somewhere else. */
  drop(row: number, now: number): void {
    this.#order.withdraw(row);
    this.#columns.hold.set(row, 0);
    this.#order.leave(row, now);
    this.table.forget(row);
  }

  /** The row of a job that was accepted; `NO_ROW` when there is none. */
  find(id: string): number {
    const row = this.table.find(id);
    return row !== NO_ROW && this.#columns.state.get(row) === ROW.admitted ? NO_ROW : row;
  }

  /** Place of a dead job in the order of deaths. */
  deathOrderOf(row: number): number {
    return this.#columns.deathOrder.get(row);
  }

  /** Leases up to `limit` jobs of a queue. */
  lease(queue: string, limit: number, offer: FunctionOffer, now: number): number[] {
    const line = this.table.line(queue);
    this.advance(now);
    const rows = this.#order.take(line, limit, offer);
    for (const row of rows) this.#begin(row, now);
    return rows;
  }

  /** Leases up to `limit` jobs that need a verdict without having run: orphans first. */
  reclaim(limit: number, now: number): ReclaimedRow[] {
    this.advance(now);
    const reclaimed: ReclaimedRow[] = [];
    this.#takeHeld(this.#orphans, 'orphaned', limit, now, reclaimed);
    this.#takeHeld(this.#expired, 'expired', limit, now, reclaimed);
    return reclaimed;
  }

  /** Reserves a leased job for its settlement; `NO_ROW` when the epoch is not current or a settlement is on its way. */
  reserveLeased(id: string, epoch: number): number {
    const { state, hold, epoch: epochs } = this.#columns;
    const row = this.table.find(id);
    if (row === NO_ROW || state.get(row) !== ROW.inFlight || epochs.get(row) !== epoch) {
      return NO_ROW;
    }
    if (hold.get(row) !== 0) return NO_ROW;
    hold.set(row, HOLD.reserved);
    return row;
  }

  /** Reserves a waiting or delayed job for being discarded; `NO_ROW` when it is neither. */
  reserveWaiting(id: string): number {
    const { state, hold } = this.#columns;
    const row = this.table.find(id);
    if (row === NO_ROW) return NO_ROW;
    const isWaiting = state.get(row) === ROW.waiting || state.get(row) === ROW.delayed;
    if (!isWaiting || hold.get(row) === HOLD.reserved) return NO_ROW;
    this.#order.reserve(row);
    hold.set(row, HOLD.reserved);
    return row;
  }

  /** Reserves dead jobs for being redriven or discarded, oldest death first. */
  reserveDead(selection: DeadSelection): number[] {
    const lines = new Set(selection.queues.map((queue) => this.table.line(queue)));
    const { hold } = this.#columns;
    const rows: number[] = [];
    const reserve = (row: number): void => {
      this.#order.withdraw(row);
      hold.set(row, HOLD.reserved);
      rows.push(row);
    };
    if (selection.ids !== null) {
      const wanted = deadRowsAmong(this.table, selection.ids, lines);
      for (const row of wanted.slice(0, selection.limit)) reserve(row);
      return rows;
    }
    while (rows.length < selection.limit) {
      const row = firstDeadRow(this.table, lines);
      if (row === NO_ROW) break;
      reserve(row);
    }
    return rows;
  }

  /** Undoes a reservation after the change could not be made safe. */
  release(row: number, now: number): void {
    this.#columns.hold.set(row, 0);
    const state = this.#columns.state.get(row);
    if (state === ROW.dead) this.table.lineOf(row).dead.push(row);
    else if (state !== ROW.inFlight) this.#place(row, now);
  }

  /**
   * Carries out the verdict, decided `at` that time, on a reserved leased job.
   * @param bytes size of the job, for the limit of finished jobs kept
   */
  settle(row: number, verdict: Verdict, at: number, now: number, bytes: number): void {
    const columns = this.#columns;
    const line = this.table.lineOf(row);
    const attempted = attemptsCounted(verdict);
    const interrupted = interruptionsCounted(verdict);
    columns.hold.set(row, 0);
    columns.attempts.set(row, columns.attempts.get(row) + attempted);
    columns.interruptions.set(row, columns.interruptions.get(row) + interrupted);
    if (attempted + interrupted > 0) this.#expiries.forget(row);
    switch (verdict.kind) {
      case 'complete':
        line.totals.completed++;
        this.#finish(row, ROW.completed, at, now, bytes);
        return;
      case 'retry':
        line.totals.failed++;
        columns.dueAt.set(row, verdict.dueAt);
        this.#place(row, now);
        return;
      case 'return':
        this.#place(row, now);
        return;
      case 'dead':
        line.totals.dead++;
        line.totals.failed += attempted;
        columns.stampAt.set(row, at);
        columns.deathOrder.set(row, this.#nextDeath++);
        this.table.causes.forget(row);
        this.#expiries.forget(row);
        this.#order.setState(row, ROW.dead);
        line.dead.push(row);
        this.#order.leave(row, now);
    }
  }

  /** Ends a reserved job that is waiting, delayed or dead. */
  discard(row: number, at: number, now: number, bytes: number): void {
    this.#order.withdraw(row);
    this.#columns.hold.set(row, 0);
    this.table.lineOf(row).totals.discarded++;
    this.#finish(row, ROW.discarded, at, now, bytes);
  }

  /** Brings a reserved dead job back to its place as if it was new; it no longer expires. */
  redrive(row: number, at: number, now: number): void {
    const columns = this.#columns;
    columns.hold.set(row, 0);
    columns.attempts.set(row, 0);
    columns.interruptions.set(row, 0);
    columns.deathOrder.set(row, 0);
    columns.dueAt.set(row, at);
    this.table.lineOf(row).totals.redriven++;
    this.#place(row, now);
  }

  /** One page of jobs. @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS (cursor) */
  list(filter: JobFilter): RowPage {
    const lines = filter.queues?.map((queue) => this.table.line(queue)) ?? null;
    const wanted = lines === null ? null : new Set(lines);
    const { functionId } = filter;
    return listRows(this.#columns, filter, (row) => {
      const lane = this.#order.laneOf(row);
      return (
        (wanted === null || wanted.has(lane.line)) &&
        (functionId === null || lane.functionId === functionId)
      );
    });
  }

  /** Looks at a row's time to live again, then gives it its place. */
  #place(row: number, now: number): void {
    this.#order.place(row, now);
    this.#expiries.relist(row);
  }

  #takeHeld(
    held: number[],
    cause: ReclaimedRow['cause'],
    limit: number,
    now: number,
    into: ReclaimedRow[],
  ): void {
    const { hold, stampAt } = this.#columns;
    while (into.length < limit && held.length > 0) {
      for (const row of held.splice(0, limit - into.length)) {
        if (hold.get(row) !== HOLD[cause]) continue;
        this.#begin(row, cause === 'orphaned' ? stampAt.get(row) : now);
        into.push({ row, cause });
      }
    }
  }

  /** Begins a lease. */
  #begin(row: number, at: number): void {
    const { stampAt, epoch, hold } = this.#columns;
    stampAt.set(row, at);
    epoch.set(row, epoch.get(row) + 1);
    hold.set(row, 0);
    this.#order.setState(row, ROW.inFlight);
  }

  #finish(row: number, state: number, at: number, now: number, bytes: number): void {
    this.#order.setState(row, state);
    this.#order.leave(row, now);
    this.table.finish(row, state, at, bytes);
  }
}

function drain<Kind>(
  queues: Set<string>,
  kind: Kind,
  emit: (kind: Kind, queue: string) => void,
): void {
  if (queues.size === 0) return;
  const names = [...queues];
  queues.clear();
  for (const queue of names) emit(kind, queue);
}
