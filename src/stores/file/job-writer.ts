import type { Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import type { Lanes, RestoredJob } from '../../queue/lanes.ts';
import { QUEUE_DEFAULTS } from '../../queue/limits.ts';
import type { ReservedRewrite } from '../../queue/rewrite.ts';
import { applyRewrite, reserveRewrite, undoRewrite } from '../../queue/rewrite.ts';
import { ROW } from '../../queue/row-state.ts';
import type { Rewrite, Settlement } from '../../queue/store.ts';
import type { NewJob } from '../../queue/types.ts';
import type { CommitFailure } from './commit-failure.ts';
import { GroupCommit, type PendingChange } from './group-commit.ts';
import { encodeJob } from './job-record.ts';
import { moveAside, moveDamage, removeJob } from './put-aside.ts';
import type { NextNumbers, RecordDamage } from './recover.ts';
import type { RecordPort } from './record-port.ts';
import type { StoredState } from './state-record.ts';
import { encodeState } from './state-record.ts';
import type { StoredJobs } from './stored-jobs.ts';
import { Tally } from './tally.ts';
import {
  discardedState,
  redrivenState,
  rewrittenState,
  settledState,
  totalsOf,
} from './transitions.ts';

export interface JobWriterParts {
  readonly lanes: Lanes;
  readonly records: RecordPort;
  readonly stored: StoredJobs;
  readonly clock: Clock;
  /** Told how long each commit took that succeeded, in milliseconds. */
  readonly onFlush?: ((durationMs: number) => void) | undefined;
  /** Called after each commit, when the lanes have what is on disk. */
  applied(): void;
  /** Called after each failed commit, when the lanes are as before. Answers what callers are told. */
  failed(failure: CommitFailure): Error;
}

/** A reserved row, and what to do with it once the change of its records is on disk. */
interface Change {
  readonly row: number;
  readonly apply: () => void;
}

/** The rows of new jobs that came one after the other, in one call or many. */
class AddedRows implements PendingChange {
  readonly rows: number[] = [];
  readonly #lanes: Lanes;
  readonly #clock: Clock;

  constructor({ lanes, clock }: JobWriterParts) {
    this.#lanes = lanes;
    this.#clock = clock;
  }

  apply(): void {
    const now = this.#clock.now();
    for (const row of this.rows) this.#lanes.accept(row, now);
  }

  undo(): void {
    for (const row of this.rows) this.#lanes.withdraw(row);
  }
}

interface ReservedJob {
  readonly row: number;
  readonly queue: string;
  readonly state: StoredState;
  readonly bytes: number;
}

/**
 * Carries out changes of jobs: records first, lanes once those are on disk. Rows come reserved, and
 * are given back as they were when the disk fails. Each call is one atomic change.
 */
export class JobWriter {
  readonly #parts: JobWriterParts;
  readonly #lanes: Lanes;
  readonly #commits: GroupCommit;
  readonly #tally = new Tally();
  /** The next numbers, those of changes under way included. */
  readonly #next = { seq: 1, deathOrder: 1, endOrder: 1 };
  /** The next death order without those under way. */
  #deaths = 1;
  /** The row whose records its own change has removed. */
  #removed = NO_ROW;

  constructor(parts: JobWriterParts) {
    this.#parts = parts;
    this.#lanes = parts.lanes;
    const { records, clock } = parts;
    this.#commits = new GroupCommit({
      notes: { clock, note: (batch) => records.note?.(batch) === true },
      commit: async (batch) => {
        const startedAt = clock.now();
        await records.commit(batch);
        parts.onFlush?.(clock.now() - startedAt);
      },
      complete: (batch) => this.#tally.writeInto(batch, this.#lanes, this.#next),
      applied: () => parts.applied(),
      failed: (failure) => {
        this.#tally.clear();
        this.#next.deathOrder = this.#deaths;
        return parts.failed(failure);
      },
    });
  }

  /** Sets the numbers to go on with, once the lanes are filled. */
  continueFrom(next: NextNumbers): void {
    Object.assign(this.#next, next);
    this.#deaths = next.deathOrder;
  }

  /**
   * Writes admitted jobs.
   * @param jobs one per row; none to wait for those that are being written
   */
  append(rows: readonly number[], jobs: readonly NewJob[]): Promise<void> {
    const { batch, lastChange } = this.#commits;
    const { seq: seqs } = this.#lanes.table.columns;
    const added = lastChange instanceof AddedRows ? lastChange : new AddedRows(this.#parts);
    for (const [at, job] of jobs.entries()) {
      const row = rows[at] ?? NO_ROW;
      const seq = seqs.get(row);
      const length = encodeJob(batch.begin('jobs', seq), job, seq);
      this.#parts.stored.written(row, job, length);
      this.#tally.add(job.queue, 'enqueued');
      this.#next.seq = seq + 1;
      added.rows.push(row);
    }
    return this.#commits.join(added);
  }

  /** Records the leases of rows. Nobody waits for the disk. */
  begin(rows: readonly number[]): void {
    const { stored } = this.#parts;
    this.#commits.record((batch) => {
      for (const row of rows) {
        const found = stored.stateOf(row);
        if (found === undefined) continue;
        encodeState(batch.begin('states', found.state.seq), found.state);
      }
    });
  }

  settle(rows: readonly number[], settlements: readonly Settlement[]): Promise<void> {
    const changes = settlements.map((settlement, at) =>
      this.#settlement(rows[at] ?? NO_ROW, settlement),
    );
    return this.#write(changes);
  }

  /** Discards waiting, delayed or dead jobs. Answers the ids of those that could be read. */
  discard(rows: readonly number[]): Promise<readonly string[]> {
    const at = this.#parts.clock.now();
    return this.#change(rows, ({ row, queue, state, bytes }) => {
      this.#tally.add(queue, 'discarded');
      const removed = this.#finish(row, discardedState(state, at, this.#next.endOrder++));
      return () => {
        this.#removed = removed;
        this.#lanes.discard(row, at, this.#parts.clock.now(), bytes);
      };
    });
  }

  /** Redrives dead jobs. Answers the ids of those that could be read. */
  redrive(rows: readonly number[]): Promise<readonly string[]> {
    const at = this.#parts.clock.now();
    return this.#change(rows, ({ row, queue, state }) => {
      this.#tally.add(queue, 'redriven');
      this.#put(redrivenState(state, at));
      return () => this.#lanes.redrive(row, at, this.#parts.clock.now());
    });
  }

  /** Puts jobs in the place of what is there. Answers for each whether what it expects was there. */
  async rewrite(rewrites: readonly Rewrite[]): Promise<readonly boolean[]> {
    const { batch } = this.#commits;
    const reserved: ReservedRewrite[] = [];
    const done = rewrites.map((rewrite) => {
      const found = reserveRewrite(this.#lanes, rewrite, (row) => {
        this.#removed = row;
      });
      this.#removed = NO_ROW;
      if (found === null) return false;
      const job = this.#numbered(found.job);
      const { before, replacedSeq } = found;
      const oldSeq = before === NO_ROW ? replacedSeq : this.#lanes.table.columns.seq.get(before);
      if (oldSeq !== 0 && oldSeq !== job.seq) removeJob(batch, oldSeq);
      encodeJob(batch.begin('jobs', job.seq), rewrite.job, job.seq);
      this.#put(rewrittenState(rewrite.job, job));
      reserved.push({ ...found, job });
      return true;
    });
    if (reserved.length === 0) return done;
    await this.#commits.join({
      apply: () => {
        const now = this.#parts.clock.now();
        for (const one of reserved) {
          this.#removed = one.before;
          applyRewrite(this.#lanes, one, now);
          this.#removed = NO_ROW;
          if (one.job.deathOrder >= this.#deaths) this.#deaths = one.job.deathOrder + 1;
        }
      },
      undo: () => {
        const now = this.#parts.clock.now();
        for (const one of reserved) undoRewrite(this.#lanes, one, now);
      },
    });
    return done;
  }

  pause(queue: string, paused: boolean): Promise<void> {
    const line = this.#lanes.table.line(queue);
    this.#tally.pause(queue, paused);
    return this.#commits.join({
      apply: () => {
        line.paused = paused;
      },
      undo: () => undefined,
    });
  }

  /** Takes a leased job out of the lanes whose records are damaged, and keeps those beside the others. */
  putAside(row: number): void {
    const { table } = this.#lanes;
    const seq = table.columns.seq.get(row);
    this.#commits.record((batch) => moveAside(this.#parts.records, batch, seq));
    this.#removed = row;
    this.#lanes.drop(row, this.#parts.clock.now());
    this.#removed = NO_ROW;
  }

  /** Keeps damaged records beside the others, with the next commit. */
  repair(damages: readonly RecordDamage[]): void {
    this.#commits.record((batch) => {
      for (const damage of damages) moveDamage(this.#parts.records, batch, damage);
    });
  }

  /** The lanes are about to free a row: its records go with the next commit. */
  forget(row: number): void {
    this.#parts.stored.forget(row);
    const { state, seq } = this.#lanes.table.columns;
    if (row === this.#removed || state.get(row) === ROW.admitted) return;
    const key = seq.get(row);
    this.#commits.recordLater((batch) => removeJob(batch, key));
  }

  /** Writes something without meaning, to see whether the disk takes it. */
  probe(): void {
    this.#commits.record((batch) => {
      const writer = batch.begin('store', 'probe');
      writer.begin(8);
      writer.number(this.#parts.clock.now());
      writer.end();
    });
  }

  /** Commits what there is, and waits for it. */
  drain(): Promise<void> {
    return this.#commits.drain();
  }

  /** Changes rows in one batch, but for those that cannot be read: they are given back. */
  async #change(
    rows: readonly number[],
    write: (job: ReservedJob) => () => void,
  ): Promise<readonly string[]> {
    const { table } = this.#lanes;
    const changes: Change[] = [];
    for (const row of rows) {
      const found = this.#parts.stored.stateOf(row);
      if (found === undefined) this.#lanes.release(row, this.#parts.clock.now());
      else changes.push({ row, apply: write({ row, queue: table.lineOf(row).name, ...found }) });
    }
    const ids = changes.map(({ row }) => table.idOf(row));
    if (changes.length > 0) await this.#write(changes);
    return ids;
  }

  /** Writes the end of a lease, and says what to do once it is on disk. */
  #settlement(row: number, settlement: Settlement): Change {
    const { stored, clock } = this.#parts;
    const { verdict, at } = settlement;
    const found = stored.stateOf(row);
    if (found === undefined) throw new RangeError(`nothing is known of the job in row ${row}`);
    const queue = this.#lanes.table.lineOf(row).name;
    for (const total of totalsOf(settlement)) this.#tally.add(queue, total);
    const order = verdict.kind === 'dead' ? this.#next.deathOrder : this.#next.endOrder;
    const state = settledState(settlement, found.state, order);
    const { bytes } = found;
    let removed = NO_ROW;
    if (verdict.kind === 'complete') {
      this.#next.endOrder++;
      removed = this.#finish(row, state);
    } else {
      if (verdict.kind === 'dead') this.#next.deathOrder++;
      this.#put(state);
    }
    const apply = (): void => {
      this.#removed = removed;
      stored.drop(row);
      this.#lanes.settle(row, verdict, at, clock.now(), bytes);
      if (verdict.kind === 'dead') this.#deaths++;
    };
    return { row, apply };
  }

  /** Writes a final state, or removes the job where none are kept. Answers the row that it removed. */
  #finish(row: number, state: StoredState): number {
    const { policy } = this.#lanes.table.lineOf(row);
    if ((policy?.retainCompleted ?? QUEUE_DEFAULTS.retainCompleted) > 0) {
      this.#put(state);
      return NO_ROW;
    }
    removeJob(this.#commits.batch, state.seq);
    return row;
  }

  /** The job with its place in the order of deaths, which is the next one when it has none. */
  #numbered(job: RestoredJob): RestoredJob {
    this.#next.seq = Math.max(this.#next.seq, job.seq + 1);
    // no total changes, and yet the next numbers have to be on disk
    this.#tally.add(job.queue, 'enqueued', 0);
    if (job.state !== 'dead' || job.deathOrder !== 0) return job;
    return { ...job, deathOrder: this.#next.deathOrder++ };
  }

  #put(state: StoredState): void {
    encodeState(this.#commits.batch.begin('states', state.seq), state);
  }

  #write(changes: readonly Change[]): Promise<void> {
    return this.#commits.join({
      apply: () => {
        for (const { apply } of changes) apply();
        this.#removed = NO_ROW;
      },
      undo: () => {
        const now = this.#parts.clock.now();
        for (const { row } of changes) this.#lanes.release(row, now);
      },
    });
  }
}
