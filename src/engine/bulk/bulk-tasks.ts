import type { CancelTimer } from '../../base/clock.ts';
import { IiiError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Service } from '../../base/service.ts';
import type { StateStore } from '../../state/store.ts';
import type { AuditTrail } from '../audit-trail.ts';
import { endsJobs } from './actions.ts';
import { conditionOf } from './selection.ts';
import {
  ENDED,
  TaskLost,
  type BulkRequest,
  type ExactJob,
  type TaskRecord,
  type TaskWish,
} from './task.ts';
import { refuseEnded } from './task-change.ts';
import { TaskOutcomes } from './task-outcomes.ts';
import { TaskOwners } from './task-owners.ts';
import { TaskRecords } from './task-records.ts';
import { TaskRun, type JobsChanged, type TaskRunParts } from './task-run.ts';
import { restoreBundle, type Restored } from './undo.ts';
import { UndoWindow } from './undo-window.ts';

/** Ended tasks kept for looking up, and how many more may be before the oldest are forgotten. */
const MOST_ENDED = 100;
const TIDY_EVERY = 16;
const ID_LENGTH = 8;
/** How often it is looked whether the owner of a running task is gone. */
const LOOK_MS = 1_000;
/** Longest wait for another engine to pause or end a task: for it to be found dead, and a batch. */
const WISH_MS = 15_000;

export interface BulkTasksParts extends Omit<
  TaskRunParts,
  'save' | 'onChanged' | 'confirm' | 'wasToldOf'
> {
  /** Id under which this engine is known to the others. */
  readonly self: string;
  readonly state: StateStore;
  readonly random: Random;
  readonly log: Logger;
  readonly audit: AuditTrail;
  /** How long what was ended can be brought back. */
  readonly undoWindowMs: number;
}

/**
 * Changes of many jobs that operators asked for. Of the engines on the same jobs one owns a task and
 * works at it; each can show, pause, resume and end it. When the owner stops or is gone, another
 * engine goes on where it was; so does the same one when it is started again.
 */
export class BulkTasks implements Service {
  readonly #parts: BulkTasksParts;
  readonly #records: TaskRecords;
  readonly #owners: TaskOwners;
  readonly #undo: UndoWindow;
  readonly #outcomes: TaskOutcomes;
  readonly #runs = new Map<string, TaskRun>();
  /** Running tasks that this engine does not work at. */
  readonly #unattended = new Set<string>();
  readonly #waiting = new Set<() => void>();
  /** Grows whenever a task may have changed. */
  #changes = 0;
  #begun = 0;
  #cancelLook: CancelTimer | null = null;
  #isRunning = false;

  constructor(parts: BulkTasksParts) {
    this.#parts = parts;
    this.#records = new TaskRecords(parts.state);
    this.#owners = new TaskOwners(parts.self, parts.store.peers, parts.clock);
    this.#undo = new UndoWindow({ ...parts, records: this.#records });
    this.#outcomes = new TaskOutcomes(parts);
  }

  async start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#records.watch((id) => {
      this.#readAgain(id).catch((thrown: unknown) => {
        this.#parts.log.warn('a task could not be read', { task: id, error: messageOf(thrown) });
      });
    });
    this.#outcomes.start();
    await this.#readAgain(null);
    await this.#look();
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    await Promise.all([...this.#runs.values()].map((run) => run.end('halt')));
    // last: a task that has just ended has begun to wait for the end of its undo
    this.#undo.stop();
    this.#outcomes.stop();
    this.#cancelLook?.();
    this.#notify();
  }

  /** Every task that is known, the latest first. */
  list(): Promise<readonly TaskRecord[]> {
    return this.#records.all();
  }

  /** @throws IiiError NOT_FOUND */
  async get(id: string): Promise<TaskRecord> {
    const record = await this.#records.find(id);
    if (record !== undefined) return record;
    throw new IiiError('NOT_FOUND', `there is no task '${id}'`, { hint: 'iii task list' });
  }

  /**
   * Begins a task.
   * @param onChanged told of the jobs of each batch, as long as this process runs the task
   * @throws IiiError SELECTOR_INVALID
   */
  async begin({ jobs, ...request }: BulkRequest, onChanged?: JobsChanged): Promise<TaskRecord> {
    const { clock, random, self, store } = this.#parts;
    const canUndo = endsJobs(request.action) && store.rewrite !== undefined;
    conditionOf(request.selection, clock.now());
    const id = random.uuid().slice(0, ID_LENGTH);
    const record: TaskRecord = {
      id,
      request: { ...request, exactJobs: jobs?.length ?? null },
      state: 'running',
      owner: self,
      wish: null,
      startedAt: clock.now(),
      endedAt: null,
      why: null,
      matched: 0,
      changed: 0,
      skipped: {},
      cursor: null,
      pending: null,
      canary: null,
      nextAt: 0,
      undo: request.keepsUndo && canUndo ? id : null,
    };
    await this.#records.add(record, jobs);
    this.#run(record, jobs, onChanged);
    if (this.#begun++ % TIDY_EVERY === 0) await this.#forgetOldest();
    return this.get(id);
  }

  /** Resolves when the task does nothing more for now, or when the time is over, with it as it is then. */
  async wait(id: string, timeoutMs: number): Promise<TaskRecord> {
    const until = this.#parts.clock.now() + timeoutMs;
    for (;;) {
      const changes = this.#changes;
      const record = await this.get(id);
      const left = until - this.#parts.clock.now();
      if (!this.#isRunning || record.state !== 'running' || left <= 0) return record;
      if (changes === this.#changes) await this.#nextChange(left);
    }
  }

  /** Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT when it has ended */
  async pause(id: string): Promise<TaskRecord> {
    refuseEnded(await this.get(id), 'pause');
    return this.#wish(id, 'pause');
  }

  /** Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT when it has ended */
  async resume(id: string): Promise<TaskRecord> {
    refuseEnded(await this.get(id), 'resume');
    const { self: owner } = this.#parts;
    const resumed = await this.#records.change(id, (record) =>
      record.state === 'paused' ? { ...record, state: 'running', owner, why: null } : null,
    );
    if (resumed !== null) this.#run(resumed, await this.#records.jobsOf(resumed));
    return this.get(id);
  }

  /** Ends it after the batch under way. Doing it twice is no error. @throws IiiError NOT_FOUND, CONFLICT */
  async cancel(id: string): Promise<TaskRecord> {
    const record = await this.get(id);
    if (record.state === 'cancelled') return record;
    refuseEnded(record, 'cancel');
    const { self: owner, clock } = this.#parts;
    const taken = await this.#records.change(id, (paused) =>
      paused.state === 'paused' ? { ...paused, owner } : null,
    );
    if (taken === null) return this.#wish(id, 'cancel');
    const [why, endedAt] = ['by an operator', clock.now()];
    await this.#end({ ...taken, state: 'cancelled', owner: null, why, endedAt });
    return this.get(id);
  }

  /** Tasks whose jobs can be brought back, the latest first. */
  async undoable(): Promise<readonly TaskRecord[]> {
    return (await this.list()).filter(({ undo, changed }) => undo !== null && changed > 0);
  }

  /** Until when the jobs a task ended can be brought back; `null` while it runs. */
  undoUntil(record: TaskRecord): number | null {
    return this.#undo.endOf(record);
  }

  /**
   * Brings back the jobs a task ended. @throws IiiError NOT_FOUND when it is too late,
   * CONFLICT while it runs
   */
  async undo(id: string, dryRun: boolean): Promise<Restored> {
    const record = await this.get(id);
    if (record.undo === null) {
      throw new IiiError('NOT_FOUND', `what task '${id}' did cannot be undone`, {
        reason: endsJobs(record.request.action)
          ? 'nothing was kept, it was undone before, or its time is over'
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
    if (!dryRun) await this.#undo.close(id);
    return restored;
  }

  #run(
    record: TaskRecord,
    exact: readonly ExactJob[] | null,
    onChanged: JobsChanged = () => undefined,
  ): void {
    const { id } = record;
    this.#unattended.delete(id);
    const run = new TaskRun(record, exact, {
      ...this.#parts,
      onChanged,
      save: (next) => (ENDED.includes(next.state) ? this.#end(next) : this.#save(next)),
      confirm: () => this.#confirm(id),
      wasToldOf: (job) => this.#outcomes.has(id, job),
    });
    this.#runs.set(id, run);
    if (record.wish !== null) void run.end(record.wish);
    void run.finished.then(() => {
      if (this.#runs.get(id) === run) this.#runs.delete(id);
      // it may have been lost, or the store was away
      if (run.record.state === 'running') this.#attend(id, LOOK_MS);
      this.#notify();
    });
  }

  /** Asks whoever works at a task for something, and waits a while for it. */
  async #wish(id: string, wish: TaskWish): Promise<TaskRecord> {
    await this.#runs.get(id)?.end(wish);
    const asked = await this.#records.change(id, (record) =>
      record.state === 'running' ? { ...record, wish } : null,
    );
    if (asked === null) return this.get(id);
    this.#notice(asked);
    return this.wait(id, WISH_MS);
  }

  /** What this engine does not own any more it must not write. @throws TaskLost */
  async #save(next: TaskRecord): Promise<void> {
    const { id, state } = next;
    const saved = await this.#records.change(id, ({ owner, wish }) =>
      owner === this.#parts.self ? { ...next, wish: state === 'running' ? wish : null } : null,
    );
    if (saved === null) throw new TaskLost(id);
    this.#notice(saved);
  }

  /** @throws TaskLost */
  async #confirm(id: string): Promise<void> {
    const { self, store } = this.#parts;
    if (store.peers === undefined) return;
    if ((await this.#records.find(id))?.owner !== self) throw new TaskLost(id);
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
    await this.#confirm(id);
    await this.#parts.audit.add({ by: request.by, action: `task ${request.action}`, facts: known });
    this.#parts.log.info('a bulk task ended', { action: request.action, by: request.by, ...known });
    await this.#save(record);
    await this.#records.removeJobs(record);
    await this.#outcomes.forget(record);
  }

  /** Looks at a task, or at all, after another engine changed it. */
  async #readAgain(id: string | null): Promise<void> {
    if (!this.#isRunning) return;
    if (id === null) for (const record of await this.#records.all()) this.#notice(record);
    else {
      const record = await this.#records.find(id);
      if (record !== undefined) this.#notice(record);
    }
  }

  #notice(record: TaskRecord): void {
    const { id, state, owner, wish } = record;
    this.#undo.watch(record);
    this.#notify();
    if (owner !== this.#parts.self) this.#outcomes.watch(record);
    const run = this.#runs.get(id);
    if (state !== 'running') this.#unattended.delete(id);
    else if (run === undefined) this.#attend(id, owner === null ? 0 : LOOK_MS);
    else if (owner !== this.#parts.self) void run.end('halt');
    else if (wish !== null) void run.end(wish);
  }

  /** Sees to it that somebody works at a running task. */
  #attend(id: string, withinMs: number): void {
    this.#unattended.add(id);
    if (!this.#isRunning) return;
    if (withinMs === 0) this.#cancelLook?.();
    else if (this.#cancelLook !== null) return;
    this.#cancelLook = this.#parts.clock.after(withinMs, () => void this.#look());
  }

  /** Takes over what nobody works at. */
  async #look(): Promise<void> {
    this.#cancelLook?.();
    this.#cancelLook = null;
    try {
      await this.#takeOver();
    } catch (thrown) {
      this.#parts.log.warn('tasks could not be looked after; it is tried again', {
        error: messageOf(thrown),
      });
    }
    const [left] = this.#unattended;
    if (left !== undefined) this.#attend(left, LOOK_MS);
  }

  async #takeOver(): Promise<void> {
    if (this.#unattended.size === 0) return;
    const isFree = await this.#owners.look();
    const { self, log } = this.#parts;
    for (const id of [...this.#unattended]) {
      const record = await this.#records.find(id);
      if (record?.state !== 'running') this.#unattended.delete(id);
      if (record?.state !== 'running' || !isFree(record.owner)) continue;
      const exact = await this.#records.jobsOf(record);
      if (!this.#isRunning || this.#runs.has(id)) continue;
      const taken = await this.#records.change(id, (now) =>
        now.state === 'running' && now.owner === record.owner ? { ...now, owner: self } : null,
      );
      if (taken === null) continue;
      if (record.owner !== self) log.info('a bulk task goes on here', { task: id });
      this.#run(taken, exact);
    }
  }

  async #forgetOldest(): Promise<void> {
    const ended = (await this.list()).filter(
      ({ endedAt, undo }) => endedAt !== null && undo === null,
    );
    for (const { id } of ended.slice(MOST_ENDED)) await this.#records.remove(id);
  }

  #nextChange(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const cancel = this.#parts.clock.after(withinMs, done);
      this.#waiting.add(done);
    });
  }

  #notify(): void {
    this.#changes += 1;
    for (const done of [...this.#waiting]) done();
  }
}
