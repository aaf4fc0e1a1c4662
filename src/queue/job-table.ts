import { IiiError } from '../base/errors.ts';
import { KnownCauses } from './cause.ts';
import { Columns, NO_ROW } from './columns.ts';
import { Expiries } from './expiries.ts';
import { IdIndex } from './id-index.ts';
import { LIMITS, QUEUE_DEFAULTS } from './limits.ts';
import { QueueLine } from './queue-line.ts';
import { queueNotFound } from './queue-not-found.ts';
import { RowHeap } from './row-heap.ts';
import { ROW, stateName } from './row-state.ts';
import { RunOrder } from './run-order.ts';
import { ShardedMap } from './sharded-map.ts';
import type { Job, NewJob } from './types.ts';

/** What of a new job decides its place. */
export type Placement = Pick<
  NewJob,
  | 'id'
  | 'queue'
  | 'functionId'
  | 'group'
  | 'priority'
  | 'enqueuedAt'
  | 'dueAt'
  | 'expiresAt'
  | 'dedupKey'
>;

/** What of a job changes while it lives. */
export type Progress = Pick<
  Job,
  'seq' | 'state' | 'attempts' | 'interruptions' | 'epoch' | 'dueAt' | 'leasedAt' | 'endedAt'
>;

/** The jobs of a store by row: where each came from, and how each is found. */
export class JobTable {
  readonly columns = new Columns();
  readonly order = new RunOrder(this.columns);
  readonly expiries = new Expiries();
  readonly causes = new KnownCauses(this.columns.cause);
  readonly #index = new IdIndex(this.columns.id);
  readonly #lines = new Map<string, QueueLine>();
  /** Dedup keys of the rows that hold one. */
  readonly #keys = new ShardedMap<number, string>();
  readonly #forgotten: (row: number) => void;

  constructor(forgotten: (row: number) => void) {
    this.#forgotten = forgotten;
  }

  get lines(): ReadonlyMap<string, QueueLine> {
    return this.#lines;
  }

  /** @throws IiiError QUEUE_NOT_FOUND */
  line(queue: string): QueueLine {
    const line = this.#lines.get(queue);
    if (line !== undefined) return line;
    throw queueNotFound(queue, [...this.#lines.keys()].sort());
  }

  /** The queue of this name; a new one of this type when there is none. */
  ensureLine(name: string, fifo: boolean): QueueLine {
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    const { position, deathOrder } = this.columns;
    const dead = new RowHeap(position, (a, b) => deathOrder.get(a) < deathOrder.get(b));
    const line = new QueueLine(name, fifo, dead);
    this.#lines.set(name, line);
    return line;
  }

  lineOf(row: number): QueueLine {
    return this.order.laneOf(row).line;
  }

  /** So many jobs are about to be added. */
  expect(jobs: number): void {
    this.#index.reserve(jobs);
  }

  /** The row of a job; `NO_ROW` when there is none. */
  find(id: string): number {
    return this.#index.find(id);
  }

  idOf(row: number): string {
    return this.#index.textOf(row);
  }

  progressOf(row: number): Progress {
    const { columns } = this;
    const state = columns.state.get(row);
    const stampAt = columns.stampAt.get(row);
    return {
      seq: columns.seq.get(row),
      state: stateName(state) ?? 'waiting',
      attempts: columns.attempts.get(row),
      interruptions: columns.interruptions.get(row),
      epoch: columns.epoch.get(row),
      dueAt: columns.dueAt.get(row),
      leasedAt: state === ROW.inFlight ? stampAt : null,
      endedAt: state === ROW.completed || state === ROW.discarded ? stampAt : null,
    };
  }

  /**
   * Makes a row for a job, findable and with its dedup key taken, in state `admitted`.
   * @throws IiiError INVALID_ARGUMENTS when the id is not a UUID, CONFLICT when it is taken
   */
  add(job: Placement, line: QueueLine, seq: number): number {
    const { columns } = this;
    const row = columns.allocate();
    const refusal = this.#index.add(row, job.id);
    if (refusal !== null) {
      columns.free(row);
      throw refusal === 'taken'
        ? new IiiError('CONFLICT', `There is already a job with the id ${job.id}.`)
        : new IiiError('INVALID_ARGUMENTS', `The job id "${job.id}" is not a UUID.`);
    }
    columns.seq.set(row, seq);
    columns.enqueuedAt.set(row, job.enqueuedAt);
    columns.dueAt.set(row, job.dueAt);
    columns.stampAt.set(row, 0);
    columns.deathOrder.set(row, 0);
    this.causes.forget(row);
    columns.attempts.set(row, 0);
    columns.interruptions.set(row, 0);
    columns.epoch.set(row, 0);
    columns.priority.set(row, job.priority);
    this.order.attach(row, line, job.functionId, job.group);
    this.order.setState(row, ROW.admitted);
    if (job.expiresAt !== null) this.expiries.watch(row, job.expiresAt);
    if (job.dedupKey !== null) {
      this.#keys.set(row, job.dedupKey);
      line.takenKeys.set(job.dedupKey, row);
    }
    return row;
  }

  /** Frees a row and everything that was only its own. */
  forget(row: number): void {
    this.#forgotten(row);
    this.#releaseKeys(row);
    this.order.setState(row, ROW.free);
    this.order.detach(row);
    this.#index.remove(row);
    this.columns.free(row);
  }

  /** Gives a row that is in no heap its final state, and keeps it as long as the queue keeps finished jobs. */
  finish(row: number, state: number, at: number, bytes: number): void {
    const line = this.lineOf(row);
    this.#releaseKeys(row);
    this.columns.stampAt.set(row, at);
    this.order.setState(row, state);
    line.retained.add(row, bytes);
    this.trim(line);
  }

  /** Forgets the oldest finished jobs of a queue that are over its limits. */
  trim(line: QueueLine): void {
    const { retained } = line;
    const most = line.policy?.retainCompleted ?? QUEUE_DEFAULTS.retainCompleted;
    while (retained.count > most || retained.bytes > LIMITS.retainedBytes) {
      const oldest = retained.shift();
      if (oldest === NO_ROW) return;
      this.forget(oldest);
    }
  }

  /** All rows of a queue that can still run or be redriven, oldest first. */
  unfinishedRows(line: QueueLine): number[] {
    const { seq, state } = this.columns;
    const rows: number[] = [];
    this.columns.forEach((row) => {
      if (state.get(row) <= ROW.dead && this.lineOf(row) === line) rows.push(row);
    });
    return rows.sort((a, b) => seq.get(a) - seq.get(b));
  }

  #releaseKeys(row: number): void {
    this.expiries.forget(row);
    if (this.#keys.size === 0) return;
    const key = this.#keys.get(row);
    if (key === undefined) return;
    this.#keys.delete(row);
    this.lineOf(row).takenKeys.delete(key);
  }
}
