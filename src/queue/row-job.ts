import type { Cause } from './cause.ts';
import { writeCursor } from './cursor.ts';
import type { JobTable } from './job-table.ts';
import { ROW, stateName } from './row-state.ts';
import type { JobScan, ScannedJob } from './store.ts';
import type { Job, JobFailure, JobState } from './types.ts';

/** How the owner of a table reads what the table does not have. */
export interface RowBodies {
  payloadOf(row: number): string | undefined;
  failureOf(row: number): JobFailure | null;
  jobOf(row: number): Job | undefined;
}

/** A job of a table as a scan shows it: its place from the columns, its body when it is asked for. */
export class RowJob implements ScannedJob {
  readonly #table: JobTable;
  readonly #bodies: RowBodies;
  readonly #order: JobScan['order'];
  readonly #row: number;

  constructor(table: JobTable, bodies: RowBodies, order: JobScan['order'], row: number) {
    this.#table = table;
    this.#bodies = bodies;
    this.#order = order;
    this.#row = row;
  }

  get id(): string {
    return this.#table.idOf(this.#row);
  }

  get queue(): string {
    return this.#table.lineOf(this.#row).name;
  }

  get functionId(): string {
    return this.#table.order.laneOf(this.#row).functionId;
  }

  get state(): JobState {
    return stateName(this.#table.columns.state.get(this.#row)) ?? 'discarded';
  }

  get group(): string | null {
    const key = this.#table.order.groupOf(this.#row)?.key;
    return key === undefined || key === '' ? null : key;
  }

  get priority(): number {
    return this.#table.columns.priority.get(this.#row);
  }

  get attempts(): number {
    return this.#table.columns.attempts.get(this.#row);
  }

  get interruptions(): number {
    return this.#table.columns.interruptions.get(this.#row);
  }

  get epoch(): number {
    return this.#table.columns.epoch.get(this.#row);
  }

  get enqueuedAt(): number {
    return this.#table.columns.enqueuedAt.get(this.#row);
  }

  get dueAt(): number {
    return this.#table.columns.dueAt.get(this.#row);
  }

  get stampAt(): number {
    const { state, stampAt } = this.#table.columns;
    return state.get(this.#row) < ROW.inFlight ? 0 : stampAt.get(this.#row);
  }

  get cursor(): string {
    const { deathOrder, seq } = this.#table.columns;
    return writeCursor(this.#order, (this.#order === 'died' ? deathOrder : seq).get(this.#row));
  }

  payload(): string {
    return this.#bodies.payloadOf(this.#row) ?? '';
  }

  cause(): Cause | null {
    const { columns, causes } = this.#table;
    if (columns.state.get(this.#row) !== ROW.dead) return null;
    const known = causes.of(this.#row);
    if (known !== undefined) return known;
    const failure = this.failure();
    return failure === null ? null : causes.learn(this.#row, failure);
  }

  failure(): JobFailure | null {
    return this.#bodies.failureOf(this.#row);
  }

  whole(): Job | undefined {
    return this.#bodies.jobOf(this.#row);
  }
}
