import type { CommitFailure } from './commit-failure.ts';
import { failureOf } from './commit-failure.ts';
import { WriteBatch } from './write-batch.ts';

/** A caller that waits for its writes. */
interface Waiting {
  /** Carries the change out in memory, once it is on disk. */
  readonly apply: () => void;
  /** Undoes what was reserved for it. */
  readonly undo: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Adds its writes to a batch. Called again for the next one when that batch failed. */
export type Recording = (batch: WriteBatch) => void;

/**
 * So many callers are worth a commit of their own while what else has arrived is still being read.
 * Without it all that a connection sends together stays together, and disk and processor take turns.
 */
const WORTH_A_COMMIT = 16;

class Collected {
  readonly batch = new WriteBatch();
  readonly waiting: Waiting[] = [];
  readonly recordings: Recording[] = [];

  /** Whether somebody wants it on disk now. */
  wanted = false;

  reset(): void {
    this.wanted = false;
    this.batch.reset();
    this.waiting.length = 0;
    this.recordings.length = 0;
  }
}

export interface GroupCommitParts {
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
 * A failed commit takes along what was collected meanwhile: it may rest on it (an answer about a job
 * that was being accepted). Only recordings stay, for the next commit.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts;
  #collecting = new Collected();
  #spare = new Collected();
  #running: Promise<void> | undefined;
  #isScheduled = false;

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  /** Where to add writes, up to the `join` or `record` that belongs to them. */
  get batch(): WriteBatch {
    return this.#collecting.batch;
  }

  /**
   * Waits until the writes just added, and all before them, are on disk.
   * @returns rejects with the answer of `failed` when they are not; then `undo` was called
   */
  join(apply: () => void, undo: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#collecting.waiting.push({ apply, undo, resolve, reject });
      this.#want();
    });
  }

  /** Writes with the next commit, which begins as soon as it can. Nobody waits for it. */
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
    if (this.#collecting.batch.size === 0) return;
    this.#collecting.wanted = true;
    this.#start();
    await this.#running;
  }

  #want(): void {
    this.#collecting.wanted = true;
    if (this.#running !== undefined) return;
    if (this.#collecting.waiting.length >= WORTH_A_COMMIT) this.#start();
    else if (!this.#isScheduled) {
      // what else comes in this turn of the event loop goes along
      this.#isScheduled = true;
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#start();
      });
    }
  }

  #start(): void {
    if (this.#collecting.wanted) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
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
      for (const { apply } of current.waiting) apply();
      for (const { resolve } of current.waiting) resolve();
      this.#parts.applied();
      current.reset();
    }
    this.#running = undefined;
  }

  #fail(current: Collected, failure: CommitFailure): void {
    const lost = [...current.waiting, ...this.#collecting.waiting];
    const kept = [...current.recordings, ...this.#collecting.recordings];
    current.reset();
    this.#collecting.reset();
    for (const { undo } of lost.toReversed()) undo();
    for (const recording of kept) this.recordLater(recording);
    const error = this.#parts.failed(failure);
    for (const { reject } of lost) reject(error);
  }
}
