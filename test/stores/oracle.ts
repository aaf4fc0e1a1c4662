import type { DeadReason, JobState, NewJob, QueuePolicy } from '../../src/queue/types.ts';

/** A job as the oracle sees it. */
export interface OracleJob {
  readonly input: NewJob;
  readonly seq: number;
  state: 'queued' | 'in_flight' | 'dead' | 'completed' | 'discarded';
  dueAt: number;
  expiresAt: number | null;
  attempts: number;
  interruptions: number;
  epoch: number;
  /** Place in the order in which jobs died or finished. */
  endedAs: number;
  reason: DeadReason | null;
}

/** How an attempt ends, in the words of the oracle. */
export type Ending =
  | 'completed'
  | 'failed'
  | 'timeout'
  | 'non_retryable'
  | 'retry_after'
  | 'interrupted'
  | 'not_started';

export const RETRY_AFTER_MS = 70;

/**
 * What a store has to do, said in the plainest way: a list of jobs, searched and sorted anew for
 * every question. It knows the rules of attempts by itself and shares no code with the stores.
 */
export class Oracle {
  jobs: OracleJob[] = [];
  now: number;
  readonly paused = new Set<string>();
  readonly #policies: readonly QueuePolicy[];
  #counter = 0;

  constructor(policies: readonly QueuePolicy[], now: number) {
    this.#policies = policies;
    this.now = now;
  }

  policy(queue: string): QueuePolicy {
    const policy = this.#policies.find(({ name }) => name === queue);
    if (policy === undefined) throw new Error(`no queue ${queue}`);
    return policy;
  }

  /** The id that the receipt must carry. */
  append(input: NewJob): string {
    const holder = this.jobs.find(
      ({ input: other, state }) =>
        input.dedupKey !== null &&
        other.queue === input.queue &&
        other.dedupKey === input.dedupKey &&
        state !== 'completed' &&
        state !== 'discarded',
    );
    if (holder !== undefined) return holder.input.id;
    this.jobs.push({
      input,
      seq: ++this.#counter,
      state: 'queued',
      dueAt: input.dueAt,
      expiresAt: input.expiresAt,
      attempts: 0,
      interruptions: 0,
      epoch: 0,
      endedAs: 0,
      reason: null,
    });
    return input.id;
  }

  /** What a lease of everything would give, in order. */
  leasable(queue: string, functions: readonly string[] | null): OracleJob[] {
    return this.jobs
      .filter((job) => job.input.queue === queue && this.stateOf(job) === 'waiting')
      .filter((job) => !this.isBlocked(job))
      .filter(({ input }) => functions === null || functions.includes(input.functionId))
      .sort((a, b) => b.input.priority - a.input.priority || a.seq - b.seq);
  }

  /** Whether another job of its group stands before it. */
  isBlocked(job: OracleJob): boolean {
    if (this.policy(job.input.queue).type === 'standard') return false;
    return this.jobs.some(
      (other) =>
        other.input.queue === job.input.queue &&
        other.input.group === job.input.group &&
        (other.state === 'in_flight' || (other.state === 'queued' && other.seq < job.seq)),
    );
  }

  stateOf(job: OracleJob): JobState {
    if (job.state !== 'queued') return job.state;
    return job.dueAt > this.now && !this.isBlocked(job) ? 'delayed' : 'waiting';
  }

  start(job: OracleJob): void {
    job.state = 'in_flight';
  }

  end(job: OracleJob, ending: Ending): void {
    const { overrides } = job.input;
    const policy = this.policy(job.input.queue);
    switch (ending) {
      case 'not_started':
        job.state = 'queued';
        return;
      case 'interrupted':
        job.interruptions++;
        if (job.interruptions > policy.maxInterruptions) this.#bury(job, 'interrupted');
        else job.state = 'queued';
        return;
      case 'completed':
        job.attempts++;
        this.#finish(job, 'completed');
        return;
      case 'non_retryable':
        job.attempts++;
        this.#bury(job, 'non_retryable');
        return;
      default: {
        job.attempts++;
        if (job.attempts === (overrides.maxAttempts ?? policy.maxAttempts)) {
          this.#bury(job, 'exhausted');
          return;
        }
        const backoff = (overrides.backoffMs ?? policy.backoffMs) * Math.pow(2, job.attempts - 1);
        job.dueAt = this.now + (ending === 'retry_after' ? RETRY_AFTER_MS : backoff);
        job.state = 'queued';
      }
    }
  }

  /** The jobs whose time to live is over and that nobody started. */
  expiring(): OracleJob[] {
    return this.jobs.filter(
      (job) =>
        job.state === 'queued' &&
        job.attempts + job.interruptions === 0 &&
        (job.expiresAt ?? Infinity) <= this.now,
    );
  }

  expire(job: OracleJob): void {
    this.#bury(job, 'expired');
  }

  cancel(ids: readonly string[]): string[] {
    const cancelled = ids
      .map((id) => this.jobs.find(({ input, state }) => input.id === id && state === 'queued'))
      .filter((job) => job !== undefined);
    const distinct = [...new Set(cancelled)];
    for (const job of distinct) this.#finish(job, 'discarded');
    return distinct.map(({ input }) => input.id);
  }

  /** The dead jobs of these queues, the named ones or all, oldest death first. */
  dead(queues: readonly string[], ids: readonly string[] | null, limit: number): OracleJob[] {
    return this.jobs
      .filter(({ state, input }) => state === 'dead' && queues.includes(input.queue))
      .filter(({ input }) => ids === null || ids.includes(input.id))
      .sort((a, b) => a.endedAs - b.endedAs)
      .slice(0, limit);
  }

  /** What a store does at a restart that keeps finished jobs in memory only. */
  forgetFinished(): void {
    this.jobs = this.jobs.filter(({ state }) => state !== 'completed' && state !== 'discarded');
  }

  redrive(job: OracleJob): void {
    Object.assign(job, { state: 'queued', attempts: 0, interruptions: 0, endedAs: 0 });
    Object.assign(job, { reason: null, expiresAt: null, dueAt: this.now });
  }

  discard(job: OracleJob): void {
    this.#finish(job, 'discarded');
  }

  #bury(job: OracleJob, reason: DeadReason): void {
    job.state = 'dead';
    job.reason = reason;
    job.endedAs = ++this.#counter;
  }

  #finish(job: OracleJob, state: 'completed' | 'discarded'): void {
    job.state = state;
    job.endedAs = ++this.#counter;
    const overdue = this.jobs
      .filter(({ input }) => input.queue === job.input.queue)
      .filter((other) => other.state === 'completed' || other.state === 'discarded')
      .sort((a, b) => b.endedAs - a.endedAs)
      .slice(this.policy(job.input.queue).retainCompleted);
    this.jobs = this.jobs.filter((other) => !overdue.includes(other));
  }
}
