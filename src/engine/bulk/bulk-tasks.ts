import type { CancelTimer } from '../../base/clock.ts';
import { IiiError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Service } from '../../base/service.ts';
import type { StateStore } from '../../state/store.ts';
import type { AuditTrail } from '../audit-trail.ts';
import { endsJobs } from './actions.ts';
import { conditionOf } from './selection.ts';
import { ENDED, type BulkRequest, type ExactJob, type TaskRecord } from './task.ts';
import { TaskRun, type JobsChanged, type TaskRunParts } from './task-run.ts';
import { restoreBundle, type Restored } from './undo.ts';

const SCOPE = 'iii::tasks';
const JOBS_SCOPE = 'iii::task_jobs';
/** Ended tasks kept for looking up. */
const MOST_ENDED = 100;
const JOBS_PER_VALUE = 1_000;
const ID_LENGTH = 8;

export interface BulkTasksParts extends Omit<TaskRunParts, 'save' | 'onChanged'> {
  readonly state: StateStore;
  readonly random: Random;
  readonly log: Logger;
  readonly audit: AuditTrail;
  /** How long what was ended can be brought back. */
  readonly undoWindowMs: number;
}

/**
 * Changes of many jobs that operators asked for. They run in the engine, and go on where they were
 * when it is started again.
 */
export class BulkTasks implements Service {
  readonly #parts: BulkTasksParts;
  readonly #records = new Map<string, TaskRecord>();
  readonly #runs = new Map<string, TaskRun>();
  readonly #timers = new Map<string, CancelTimer>();
  readonly #waiting = new Set<() => void>();
  #isRunning = false;

  constructor(parts: BulkTasksParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (const text of (await this.#parts.state.list(SCOPE)).values()) {
      const record = JSON.parse(text) as TaskRecord;
      this.#records.set(record.id, record);
    }
    for (const record of this.#records.values()) {
      if (record.state === 'running') await this.#run(record);
      else this.#forgetUndoLater(record);
    }
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    await Promise.all([...this.#runs.values()].map((run) => run.end('halt')));
    // last: a task that has just ended has begun to wait for the end of its undo
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#notify();
  }

  /** Every task that is known, the latest first. */
  list(): readonly TaskRecord[] {
    return [...this.#records.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  /** @throws IiiError NOT_FOUND */
  get(id: string): TaskRecord {
    const record = this.#records.get(id);
    if (record !== undefined) return record;
    throw new IiiError('NOT_FOUND', `there is no task '${id}'`, { hint: 'iii task list' });
  }

  /**
   * Begins a task.
   * @param onChanged told of the jobs of each batch, as long as this process runs the task
   * @throws IiiError SELECTOR_INVALID
   */
  async begin({ jobs, ...request }: BulkRequest, onChanged?: JobsChanged): Promise<TaskRecord> {
    const { clock, random, state } = this.#parts;
    conditionOf(request.selection, clock.now());
    const id = random.uuid().slice(0, ID_LENGTH);
    const record: TaskRecord = {
      id,
      request: { ...request, exactJobs: jobs?.length ?? null },
      state: 'running',
      startedAt: clock.now(),
      endedAt: null,
      why: null,
      matched: 0,
      changed: 0,
      skipped: {},
      cursor: null,
      pending: null,
      canary: null,
      undo: request.keepsUndo && endsJobs(request.action) ? id : null,
    };
    for (let at = 0; jobs !== null && at < jobs.length; at += JOBS_PER_VALUE) {
      const piece = JSON.stringify(jobs.slice(at, at + JOBS_PER_VALUE));
      await state.update(JOBS_SCOPE, jobsKey(id, at), () => piece);
    }
    await this.#save(record);
    await this.#run(record, jobs, onChanged);
    await this.#forgetOldest();
    return this.get(id);
  }

  /** Resolves when the task does nothing more for now, or when the time is over, with it as it is then. */
  async wait(id: string, timeoutMs: number): Promise<TaskRecord> {
    this.get(id);
    const until = this.#parts.clock.now() + timeoutMs;
    while (this.#isRunning && this.get(id).state === 'running') {
      const left = until - this.#parts.clock.now();
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          cancel();
          this.#waiting.delete(done);
          resolve();
        };
        const cancel = this.#parts.clock.after(left, done);
        this.#waiting.add(done);
      });
    }
    return this.get(id);
  }

  /** Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT when it has ended */
  async pause(id: string): Promise<TaskRecord> {
    refuseEnded(this.get(id), 'paused');
    await this.#runs.get(id)?.end('pause');
    return this.get(id);
  }

  /** Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT when it has ended */
  async resume(id: string): Promise<TaskRecord> {
    const record = this.get(id);
    refuseEnded(record, 'resumed');
    if (record.state === 'paused') {
      const resumed: TaskRecord = { ...record, state: 'running', why: null };
      await this.#save(resumed);
      await this.#run(resumed);
    }
    return this.get(id);
  }

  /** Ends it after the batch under way. Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT */
  async cancel(id: string): Promise<TaskRecord> {
    const record = this.get(id);
    if (record.state === 'cancelled') return record;
    refuseEnded(record, 'cancelled');
    const run = this.#runs.get(id);
    if (run !== undefined) await run.end('cancel');
    else {
      const endedAt = this.#parts.clock.now();
      await this.#end({ ...record, state: 'cancelled', why: 'by an operator', endedAt });
    }
    return this.get(id);
  }

  /** Tasks whose jobs can be brought back, the latest first. */
  undoable(): readonly TaskRecord[] {
    return this.list().filter(({ undo, changed }) => undo !== null && changed > 0);
  }

  /** Until when the jobs a task ended can be brought back; `null` while it runs. */
  undoUntil({ endedAt }: TaskRecord): number | null {
    return endedAt === null ? null : endedAt + this.#parts.undoWindowMs;
  }

  /**
   * Brings back the jobs a task ended. @throws IiiError NOT_FOUND when it is too late,
   * CONFLICT while it runs
   */
  async undo(id: string, dryRun: boolean): Promise<Restored> {
    const record = this.get(id);
    if (record.undo === null) {
      throw new IiiError('NOT_FOUND', `what task '${id}' did cannot be undone`, {
        reason: endsJobs(record.request.action)
          ? 'it was undone before, or its time is over'
          : `${record.request.action} ends no jobs`,
        hint: 'what can be undone: iii undo list',
      });
    }
    if (record.endedAt === null) {
      throw new IiiError('CONFLICT', `task '${id}' has not ended`, {
        hint: `iii task cancel ${id}`,
      });
    }
    const restored = await restoreBundle(record.undo, this.#parts, dryRun);
    if (!dryRun) await this.#forgetUndo(id);
    return restored;
  }

  async #run(
    record: TaskRecord,
    jobs?: readonly ExactJob[] | null,
    onChanged: JobsChanged = () => undefined,
  ): Promise<void> {
    const { id } = record;
    const exact = jobs === undefined ? await this.#exactJobs(record) : jobs;
    const run = new TaskRun(record, exact, {
      ...this.#parts,
      onChanged,
      save: (next) => (ENDED.includes(next.state) ? this.#end(next) : this.#save(next)),
    });
    this.#runs.set(id, run);
    void run.finished.then(() => {
      if (this.#runs.get(id) === run) this.#runs.delete(id);
      this.#notify();
    });
  }

  async #exactJobs({ id, request }: TaskRecord): Promise<readonly ExactJob[] | null> {
    if (request.exactJobs === null) return null;
    const jobs: ExactJob[] = [];
    for (let at = 0; at < request.exactJobs; at += JOBS_PER_VALUE) {
      const text = await this.#parts.state.get(JOBS_SCOPE, jobsKey(id, at));
      jobs.push(...(JSON.parse(text ?? '[]') as ExactJob[]));
    }
    return jobs;
  }

  async #save(record: TaskRecord): Promise<void> {
    const text = JSON.stringify(record);
    await this.#parts.state.update(SCOPE, record.id, () => text);
    this.#records.set(record.id, record);
  }

  async #end(record: TaskRecord): Promise<void> {
    const { id, request, state, changed, skipped, why } = record;
    const left = Object.values(skipped).reduce((sum, jobs) => sum + jobs, 0);
    const facts = {
      task: id,
      state,
      queue: request.selection.queues?.join(',') ?? null,
      where: request.selection.where,
      cluster: request.selection.cluster,
      to: request.to,
      changed,
      skipped: left,
      why,
    };
    const known = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== null));
    await this.#parts.audit.add({ by: request.by, action: `task ${request.action}`, facts: known });
    this.#parts.log.info('a bulk task ended', { action: request.action, by: request.by, ...known });
    await this.#save(record);
    for (let at = 0; at < (request.exactJobs ?? 0); at += JOBS_PER_VALUE) {
      await this.#parts.state.update(JOBS_SCOPE, jobsKey(id, at), () => undefined);
    }
    this.#forgetUndoLater(record);
    this.#notify();
  }

  #forgetUndoLater(record: TaskRecord): void {
    const until = this.undoUntil(record);
    if (record.undo === null || until === null) return;
    const { clock, log } = this.#parts;
    const forget = (): void => {
      this.#forgetUndo(record.id).catch((thrown: unknown) => {
        log.warn('what could be undone was not removed', {
          task: record.id,
          error: String(thrown),
        });
      });
    };
    this.#timers.set(record.id, clock.after(Math.max(0, until - clock.now()), forget));
  }

  async #forgetUndo(id: string): Promise<void> {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
    const record = this.#records.get(id);
    if (record === undefined || record.undo === null) return;
    await this.#save({ ...record, undo: null });
    await this.#parts.archive.remove(record.undo);
  }

  async #forgetOldest(): Promise<void> {
    const ended = this.list().filter(({ endedAt, undo }) => endedAt !== null && undo === null);
    for (const { id } of ended.slice(MOST_ENDED)) {
      this.#records.delete(id);
      await this.#parts.state.update(SCOPE, id, () => undefined);
    }
  }

  #notify(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function refuseEnded({ id, state }: TaskRecord, verb: string): void {
  if (!ENDED.includes(state)) return;
  throw new IiiError('CONFLICT', `task '${id}' cannot be ${verb}: it is ${state}`, {
    hint: `iii task show ${id}`,
  });
}

function jobsKey(id: string, at: number): string {
  return `${id}/${String(at).padStart(9, '0')}`;
}
