import type { CancelTimer, Clock } from '../../base/clock.ts';
import { nextTurn } from '../../base/clock.ts';
import type { CommitFailure } from './commit-failure.ts';
import { failureOf } from './commit-failure.ts';
import { WriteBatch } from './write-batch.ts';

/** A change that waits for its writes. */
export interface PendingChange {
  /** Carries it out in memory, once it is on disk. */
  apply(): void;
  /** Undoes what was reserved for it. */
  undo(): void;
}

/** What all callers of one commit wait for: a promise for each would be most of what they leave behind. */
class Outcome {
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** Adds its writes to a batch. Called again for the next one when that batch failed. */
export type Recording = (batch: WriteBatch) => void;

/**
 * So many callers are worth a commit of their own while what else has arrived is still being read.
 * Without it all that a connection sends together stays together, and disk and processor take turns.
 */
const WORTH_A_COMMIT = 16;

/** Longest time between a note and the commit that brings it to disk. */
const NOTED_MS = 5;

class Collected {
  readonly batch = new WriteBatch();
  readonly changes: PendingChange[] = [];
  readonly recordings: Recording[] = [];
  /** How many wait for it. */
  callers = 0;
  outcome: Outcome | undefined;

  /** Whether somebody wants it on disk now. */
  wanted = false;

  reset(): void {
    this.wanted = false;
    this.callers = 0;
    this.outcome = undefined;
    this.batch.reset();
    this.changes.length = 0;
    this.recordings.length = 0;
  }
}

/** How what nobody waits for is written. */
export interface Notes {
  readonly clock: Clock;
  /** Writes a batch so that the end of this process loses nothing of it; `false` when it cannot. */
  note(batch: WriteBatch): boolean;
}

export interface GroupCommitParts {
  /** Without them, what nobody waits for is committed like everything else. */
  readonly notes?: Notes;
  commit(batch: WriteBatch): Promise<void>;
  /** Called before each commit: the last writes of the batch. */
  complete(batch: WriteBatch): void;
  /** Called after each commit, when everything of it was applied. */
  applied(): void;
  /** Called after each failed commit, when everything of it was undone. Answers what callers are told. */
  failed(failure: CommitFailure): Error;
}

/**
 * Collects writes while a commit runs, and commits all that came together as the next one. There is
 * one commit at a time and no waiting at rest.
 *
 * What nobody waits for is noted where that can be, and is on disk with the next commit, or a moment
 * later: so the disk is free when somebody comes who waits for it.
 *
 * A failed commit takes along what was collected meanwhile: it may rest on it (an answer about a job
 * that was being accepted). Only recordings stay, for the next commit.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  #collecting = new Collected();
  #spare = new Collected();
  #running: Promise<void> | undefined;
  #isScheduled = false;
  /** Whether something was noted and is not on disk for certain. */
  #hasNoted = false;
  /** Whether nothing is noted until the next commit. */
  #mustCommit = false;
  #cancelKeep: CancelTimer | undefined;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /** Where to add writes, up to the `join` or `record` that belongs to them. */
  get batch(): WriteBatch {
    return this.#collecting.batch;
  }

  /** The change that joined last, while that one's commit has not begun: what belongs to it may go along. */
  get lastChange(): PendingChange | undefined {
    return this.#collecting.changes.at(-1);
  }

  /**
   * Waits until the writes just added, and all before them, are on disk.
   * @param change to be carried out then; `lastChange` when that one has grown
   * @returns rejects with the answer of `failed` when they are not; then the change was undone
   */
  join(change: PendingChange): Promise<void> {
    const collecting = this.#collecting;
    if (change !== this.lastChange) collecting.changes.push(change);
    collecting.callers += 1;
    const { promise } = (collecting.outcome ??= new Outcome());
    this.#want();
    return promise;
  }

  /** Writes as soon as it can, without waiting for the disk. */
  record(recording: Recording): void {
    this.recordLater(recording);
    this.#want();
  }

  /** Writes with the next commit, whenever there is one. */
  recordLater(recording: Recording): void {
    recording(this.#collecting.batch);
    this.#collecting.recordings.push(recording);
  }

  /** Commits what there is, and waits for it. */
  async drain(): Promise<void> {
    await this.#running;
    if (this.#collecting.batch.size > 0 || this.#hasNoted) this.#commitNow();
    await this.#running;
    this.#cancelKeep?.();
    this.#cancelKeep = undefined;
  }

  #want(): void {
    const { callers } = this.#collecting;
    this.#collecting.wanted = true;
    if (this.#running !== undefined) return;
    if (callers >= WORTH_A_COMMIT) this.#start();
    else if (callers === 0) {
      // before anything leaves that rests on it
      queueMicrotask(() => {
        if (this.#collecting.callers === 0) this.#start();
      });
    } else if (!this.#isScheduled) {
      // what else comes in this turn of the event loop goes along
      this.#isScheduled = true;
      void nextTurn().then(() => {
        this.#isScheduled = false;
        this.#start();
      });
    }
  }

  #commitNow(): void {
    this.#mustCommit = true;
    this.#collecting.wanted = true;
    this.#start();
  }

  #start(): void {
    if (this.#running !== undefined || !this.#collecting.wanted || this.#note()) return;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    // the first of them is committed in any case: without waiting once, this would end before it is `#running`
    while (this.#collecting.wanted) {
      const current = this.#collecting;
      this.#collecting = this.#spare;
      this.#spare = current;
      try {
        this.#parts.complete(current.batch);
        await this.#parts.commit(current.batch);
      } catch (thrown) {
        this.#fail(current, failureOf(thrown));
        break;
      }
      this.#hasNoted = false;
      this.#mustCommit = false;
      for (const change of current.changes) change.apply();
      current.outcome?.resolve();
      this.#parts.applied();
      current.reset();
      if (this.#collecting.wanted) this.#note();
    }
    this.#running = undefined;
  }

  /** Notes what was collected, where nobody waits for it and that can be. */
  #note(): boolean {
    const { notes } = this.#parts;
    const { callers, batch } = this.#collecting;
    if (notes === undefined || this.#mustCommit || callers > 0) return false;
    this.#parts.complete(batch);
    if (!notes.note(batch)) return false;
    this.#collecting.reset();
    this.#hasNoted = true;
    this.#cancelKeep ??= notes.clock.after(NOTED_MS, () => {
      this.#cancelKeep = undefined;
      // a commit that is under way brings it along
      if (this.#hasNoted && this.#running === undefined) this.#commitNow();
    });
    this.#parts.applied();
    return true;
  }

  #fail(current: Collected, failure: CommitFailure): void {
    // where something was noted there may be half of what was to be written behind it
    this.#mustCommit = true;
    const lost = [...current.changes, ...this.#collecting.changes];
    const outcomes = [current.outcome, this.#collecting.outcome];
    const kept = [...current.recordings, ...this.#collecting.recordings];
    current.reset();
    this.#collecting.reset();
    for (const change of lost.toReversed()) change.undo();
    for (const recording of kept) this.recordLater(recording);
    const error = this.#parts.failed(failure);
    for (const outcome of outcomes) outcome?.reject(error);
  }
}
