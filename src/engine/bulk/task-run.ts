import type { Clock } from '../../base/clock.ts';
import { IiiError, messageOf } from '../../base/errors.ts';
import { carryOut, TAKES, type ActionParts } from './actions.ts';
import { Canary, NO_CANARY_YET } from './canary.ts';
import { exactCandidates, selectedCandidates, type Aim, type Candidate } from './candidates.ts';
import {
  TaskLost,
  type ExactJob,
  type ReleasedJob,
  type TaskRecord,
  type TaskState,
} from './task.ts';

/** Jobs changed by one atomic batch. */
const BATCH = 500;
/** Batches per second of a task with a rate. */
const STEPS_PER_SECOND = 10;
/** How often the first jobs are looked at where other engines may run them: those tell nobody here. */
const LOOK_MS = 500;

/** Told the ids of jobs whose change is made. */
export type JobsChanged = (ids: readonly string[]) => void;

export interface TaskRunParts extends ActionParts {
  readonly clock: Clock;
  /** Resolves when the record is as safe as the jobs are. @throws TaskLost */
  readonly save: (record: TaskRecord) => Promise<void>;
  readonly onChanged: JobsChanged;
  /** Whether another engine told that a job of this task is over. */
  readonly wasToldOf: (job: string) => Promise<boolean>;
}

type Wish = 'run' | 'pause' | 'cancel' | 'halt';

/**
 * One task at work. Before each batch the record says which jobs are about to change, so that after
 * the end of the process it is known of every job whether it was: none is changed twice, none is
 * left out, and the counts are exact.
 */
export class TaskRun {
  readonly finished: Promise<void>;
  readonly #parts: TaskRunParts;
  readonly #jobs: readonly ExactJob[] | null;
  readonly #aim: Aim;
  readonly #canary: Canary | null;
  #record: TaskRecord;
  #wish: Wish = 'run';
  /** Something happened since the last sleep: the next one is none. */
  #isAwake = false;
  #endSleep: () => void = () => undefined;
  /** When the next batch of a task with a rate may go. */
  #nextAt = 0;

  constructor(record: TaskRecord, jobs: readonly ExactJob[] | null, parts: TaskRunParts) {
    const { request, canary, startedAt, undo } = record;
    this.#record = record;
    // the clock of the engine that wrote it may be another
    this.#nextAt = Math.min(record.nextAt, parts.clock.now() + stepMs(record));
    this.#jobs = jobs;
    this.#parts = parts;
    this.#aim = { ...request, startedAt, undo };
    this.#canary =
      request.canary === null || canary?.passed === true
        ? null
        : new Canary(request.canary, canary ?? NO_CANARY_YET, parts.events, () => this.#wake());
    this.finished = this.#run();
  }

  get record(): TaskRecord {
    return this.#record;
  }

  /** Ends it after the batch under way: for good, for now, or only in this process. */
  end(wish: Exclude<Wish, 'run'>): Promise<void> {
    if (this.#wish === 'run') this.#wish = wish;
    this.#wake();
    return this.finished;
  }

  async #run(): Promise<void> {
    try {
      await this.#finishPending();
      await this.#look();
      const why = await this.#work();
      await this.#close(why.state, why.why);
    } catch (thrown) {
      // while the store is away nothing can be written either; the record says where to go on
      const isOver = thrown instanceof TaskLost || codeOf(thrown) === 'UNAVAILABLE';
      const state = codeOf(thrown) === 'CONFLICT' ? 'failed' : 'paused';
      if (!isOver) await this.#close(state, messageOf(thrown)).catch(() => undefined);
    } finally {
      this.#canary?.stop();
    }
  }

  async #close(state: TaskState, why: string | null): Promise<void> {
    const endedAt = state === 'running' || state === 'paused' ? null : this.#parts.clock.now();
    await this.#save({ state, why, endedAt, owner: null });
  }

  /** Works until there is nothing left or somebody wants something else. */
  async #work(): Promise<{ readonly state: TaskState; readonly why: string | null }> {
    const source = this.#source();
    const found: Candidate[] = [];
    let isExhausted = false;
    for (;;) {
      const wished = this.#wished();
      if (wished !== null) return wished;
      if (this.#canary?.hasFailed === true) {
        return { state: 'stopped', why: this.#canary.describeFailure() };
      }
      const size = this.#batchSize();
      if (size === 0 && this.#canary !== null && !this.#canary.progress.passed) {
        await this.#awaitOutcomes(this.#canary);
        continue;
      }
      while (found.length < size && !isExhausted) {
        const next = await source.next();
        if (next.done === true) isExhausted = true;
        else found.push(...next.value);
      }
      const batch = found.splice(0, size);
      if (batch.length > 0) await this.#change(batch);
      else if (this.#canary?.isWaiting === true) await this.#awaitOutcomes(this.#canary, true);
      else return { state: 'done', why: null };
    }
  }

  #wished(): { readonly state: TaskState; readonly why: string | null } | null {
    switch (this.#wish) {
      case 'run':
        return null;
      case 'halt':
        return { state: 'running', why: null };
      case 'pause':
        return { state: 'paused', why: 'by an operator' };
      case 'cancel':
        return { state: 'cancelled', why: 'by an operator' };
    }
  }

  #source(): AsyncGenerator<readonly Candidate[]> {
    const { cursor } = this.#record;
    return this.#jobs === null
      ? selectedCandidates(this.#aim, cursor, this.#parts)
      : exactCandidates(this.#aim, this.#jobs, cursor, this.#parts);
  }

  /** Jobs of the next batch; 0 when the limit is reached or the first ones have to show how it goes. */
  #batchSize(): number {
    const { limit, ratePerSecond } = this.#record.request;
    const left = limit === null ? Infinity : limit - this.#record.changed;
    const canary = this.#canary;
    const most =
      canary === null || canary.progress.passed ? BATCH : Math.min(BATCH, canary.missing);
    const step = ratePerSecond === null ? BATCH : Math.ceil(ratePerSecond / STEPS_PER_SECOND);
    return Math.max(0, Math.min(left, most, step));
  }

  #skip(why: string, jobs: number): void {
    const { skipped, matched } = this.#record;
    this.#record = {
      ...this.#record,
      matched: matched + jobs,
      skipped: { ...skipped, [why]: (skipped[why] ?? 0) + jobs },
    };
  }

  async #change(batch: readonly Candidate[]): Promise<void> {
    const taken = batch.filter(({ refusal }) => refusal === null);
    await this.#pace(taken.length);
    if (this.#wish !== 'run') return;
    for (const { refusal } of batch) if (refusal !== null) this.#skip(refusal, 1);
    const ids = taken.map(({ id }) => id);
    const clusters = taken.map(({ cluster }) => cluster);
    const epochs = taken.map(({ epoch }) => epoch);
    const cursor = batch.at(-1)?.cursor ?? null;
    await this.#save({ pending: { ids, clusters, epochs, cursor }, nextAt: this.#nextAt });
    this.#canary?.release(taken);
    const changed = ids.length === 0 ? [] : await carryOut(ids, this.#aim, this.#parts);
    this.#count(ids, changed, cursor);
  }

  /** Goes on with a batch of which it is not known how far it came. */
  async #finishPending(): Promise<void> {
    const { pending } = this.#record;
    if (pending === null) return;
    const { ids, clusters, epochs, cursor } = pending;
    const jobs = ids.map((id, at) => ({
      ...{ id, cluster: clusters[at] ?? null, epoch: epochs[at] ?? 0 },
    }));
    const missing: string[] = [];
    for (const job of jobs) if (!(await this.#isChanged(job))) missing.push(job.id);
    this.#canary?.release(jobs);
    const changed = missing.length === 0 ? [] : await carryOut(missing, this.#aim, this.#parts);
    const before = ids.filter((id) => !missing.includes(id));
    this.#count(ids, [...before, ...changed], cursor);
    await this.#save({});
  }

  /** Whether a job was changed by the batch that was begun: it is no longer as it was then. */
  async #isChanged({ id, epoch }: ReleasedJob): Promise<boolean> {
    const job = await this.#parts.store.get(id);
    if (job === undefined) return true;
    const { action, to } = this.#aim;
    if (to !== null && job.queue === to) return true;
    if (action === 'retry' && job.state === 'delayed') return job.dueAt <= this.#parts.clock.now();
    if (!TAKES[action].includes(job.state)) return true;
    return job.epoch > epoch;
  }

  #count(ids: readonly string[], changed: readonly string[], cursor: string | null): void {
    const done = new Set(changed);
    const others = ids.filter((id) => !done.has(id));
    this.#canary?.takeBack(others);
    if (others.length > 0) this.#skip('it changed meanwhile', others.length);
    const { matched, changed: before } = this.#record;
    this.#record = {
      ...this.#record,
      matched: matched + changed.length,
      changed: before + changed.length,
      cursor,
      pending: null,
    };
    this.#parts.onChanged(changed);
  }

  /** Waits until the first jobs have shown how it goes, and lets the rest follow when it goes well. */
  async #awaitOutcomes(canary: Canary, isAll = false): Promise<void> {
    while (canary.isWaiting && this.#wish === 'run') {
      const open = canary.progress.open.length;
      await this.#save({});
      await this.#awaitOutcome(() => canary.progress.open.length < open);
    }
    if (this.#wish !== 'run' || canary.hasFailed) return;
    if (!isAll || canary.missing === 0) canary.pass();
    await this.#save({});
  }

  /** Until this holds, or somebody wants something else. */
  async #awaitOutcome(hasCome: () => boolean): Promise<void> {
    const { sharedByEngines } = this.#parts.store.traits;
    while (!hasCome() && this.#wish === 'run') {
      await this.#sleep(sharedByEngines ? LOOK_MS : null);
      if (sharedByEngines) await this.#look();
    }
  }

  async #look(): Promise<void> {
    await this.#canary?.look(this.#parts.store, this.#parts.wasToldOf);
  }

  async #pace(jobs: number): Promise<void> {
    const { ratePerSecond } = this.#record.request;
    if (ratePerSecond === null) return;
    const { clock } = this.#parts;
    while (this.#wish === 'run' && clock.now() < this.#nextAt) {
      await this.#sleep(this.#nextAt - clock.now());
    }
    this.#nextAt = Math.max(clock.now(), this.#nextAt) + (jobs / ratePerSecond) * 1_000;
  }

  /** Until something happens, or the time is over. */
  async #sleep(ms: number | null): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        const cancel = ms === null ? null : this.#parts.clock.after(ms, resolve);
        this.#endSleep = () => {
          cancel?.();
          resolve();
        };
      });
    }
    this.#isAwake = false;
  }

  #wake(): void {
    this.#isAwake = true;
    this.#endSleep();
  }

  async #save(changes: Partial<TaskRecord>): Promise<void> {
    const canary = this.#canary?.progress ?? this.#record.canary;
    const next: TaskRecord = { ...this.#record, ...changes, canary };
    await this.#parts.save(next);
    this.#record = next;
  }
}

/** What one batch of a task with a rate takes. */
function stepMs({ request }: TaskRecord): number {
  const { ratePerSecond } = request;
  if (ratePerSecond === null) return 0;
  return (Math.ceil(ratePerSecond / STEPS_PER_SECOND) / ratePerSecond) * 1_000;
}

function codeOf(thrown: unknown): string | null {
  return thrown instanceof IiiError ? thrown.code : null;
}
