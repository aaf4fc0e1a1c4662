import { ChurnMap } from '../base/churn-map.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { OpenSpan, Tracing } from '../base/tracing.ts';
import { decide } from '../queue/decide.ts';
import type { FunctionOffer, QueueStore, Settlement, SharedLimits } from '../queue/store.ts';
import type { AttemptRecord, Job, Lease, Outcome, QueuePolicy, Verdict } from '../queue/types.ts';
import type { EventStream } from './events.ts';
import type { Delivered, RunCall } from './invoke.ts';
import { beginAttempt, endAttempt } from './attempt-span.ts';
import { jobMetadata } from './job-metadata.ts';
import { interrupted, outcomeOf } from './outcome.ts';
import { RateLimit } from './rate-limit.ts';
import { Settling, STORE_RETRY_MS } from './settling.ts';

export interface DispatchParts {
  readonly store: QueueStore;
  readonly offer: FunctionOffer;
  /** Starts one attempt; `undefined` when nobody can take it. */
  readonly run: RunCall;
  /** Awaited before a job becomes dead; while it fails, the end of the attempt is tried again. */
  readonly beforeDead?: (job: Job) => Promise<void>;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly tracing?: Tracing | undefined;
}

interface Attempt {
  /** Among all of the queue, in the order in which they began. */
  readonly number: number;
  readonly lease: Lease;
  readonly startedAt: number;
  /** Ended only if the attempt ran, and when the store has taken its end. */
  readonly span: OpenSpan | undefined;
  delivered: Delivered | undefined;
  cancelTimeout: CancelTimer | undefined;
  ended: boolean;
  /** Whether it has ended for a store that takes calls in order. */
  leaves: boolean;
}

/**
 * The loop of one queue: lease, invoke, decide, settle. It wakes when something may have become
 * leasable, when an attempt ended, and when a limit has room again; at rest it does nothing.
 *
 * An attempt holds its place until its end is as safe as the store promises, so that `concurrency`
 * also bounds what a crash can repeat.
 */
export class QueueDispatcher {
  #policy: QueuePolicy;
  #parts: DispatchParts;
  readonly #settling: Settling;
  readonly #running = new ChurnMap<number, Attempt>();
  #begun = 0;
  #rate: RateLimit | undefined;
  #cancelRateTimer: CancelTimer | undefined;
  /** Attempts whose place may be filled although the store has not answered to their end. */
  #leaving = 0;
  #paused: boolean;
  #stopped = true;
  #pumping = false;
  #pumpAgain = false;
  #onIdle: (() => void) | undefined;

  constructor(policy: QueuePolicy, paused: boolean, parts: DispatchParts) {
    this.#policy = policy;
    this.#paused = paused;
    this.#parts = parts;
    this.#settling = new Settling(parts);
    this.#rate = rateLimitOf(policy);
  }

  get inFlight(): number {
    return this.#running.size;
  }

  /** Attempts in flight at once, at most. */
  get limit(): number {
    const { concurrency, groupConcurrency, type } = this.#policy;
    return type === 'fifo' ? Math.min(concurrency, groupConcurrency) : concurrency;
  }

  /** When the rate limit lets the next attempt start; `null` while it does. */
  rateLimitedUntil(): number | null {
    const rate = this.#rate;
    return rate === undefined || rate.room(this.#parts.clock.now()) > 0 ? null : rate.nextAt();
  }

  /** Who runs a job, for people; `null` when this engine does not. */
  runnerOf(jobId: string): string | null {
    for (const { lease, delivered } of this.#running.values()) {
      if (lease.job.id === jobId) return delivered?.runner ?? null;
    }
    return null;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Goes on with other settings; attempts in flight are judged by these too. */
  reconfigure(policy: QueuePolicy, parts: DispatchParts): void {
    this.#policy = policy;
    this.#parts = parts;
    this.#settling.reconfigure(parts);
    this.#rate = rateLimitOf(policy, this.#rate);
    this.wake();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.wake();
  }

  /** Looks for work. Cheap to call too often. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    queueMicrotask(() => {
      void this.#pump();
    });
  }

  /** No new leases from now on. Resolves when no attempt is in flight any more. */
  async drain(): Promise<void> {
    this.#stopped = true;
    this.#cancelRateTimer?.();
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  /**
   * Gives back every attempt still in flight, without it counting. What the store does not take now
   * is left: at the next start it is found in flight and given back then.
   */
  interruptAll(message: string): void {
    this.#settling.giveUpOnFailure();
    for (const attempt of this.#running.values()) {
      attempt.delivered?.abandon();
      this.#end(attempt, interrupted(message));
    }
  }

  async #pump(): Promise<void> {
    try {
      await this.#lease();
    } catch (thrown) {
      this.#parts.log.error('leasing failed; it is tried again', {
        queue: this.#policy.name,
        error: messageOf(thrown),
      });
      this.#parts.clock.after(STORE_RETRY_MS, () => {
        this.wake();
      });
    } finally {
      this.#pumping = false;
      // What woke it meanwhile may not have been seen by the look that just ended.
      if (this.#pumpAgain) this.wake();
      this.#checkIdle();
    }
  }

  #checkIdle(): void {
    if (this.#stopped && !this.#pumping && this.#running.size === 0) this.#onIdle?.();
  }

  async #lease(): Promise<void> {
    this.#pumpAgain = false;
    const room = this.#room();
    if (room <= 0) return;
    const { store, offer, clock } = this.#parts;
    const { name: queue } = this.#policy;
    const limits = store.traits.sharedByEngines ? sharedLimitsOf(this.#policy) : undefined;
    const leases = await store.lease({
      queue,
      limit: room,
      offer,
      ...(limits === undefined ? {} : { limits }),
    });
    this.#rate?.record(clock.now(), leases.length);
    for (const lease of leases) this.#begin(lease);
  }

  #room(): number {
    if (this.#stopped || this.#paused) return 0;
    const room = this.limit - this.#running.size + this.#leaving;
    if (room <= 0 || this.#rate === undefined) return room;
    const allowed = this.#rate.room(this.#parts.clock.now());
    if (allowed <= 0) this.#wakeWhenRateAllows(this.#rate);
    return Math.min(room, allowed);
  }

  #wakeWhenRateAllows(rate: RateLimit): void {
    this.#cancelRateTimer?.();
    const { clock } = this.#parts;
    this.#cancelRateTimer = clock.after(rate.nextAt() - clock.now(), () => {
      this.wake();
    });
  }

  #begin(lease: Lease): void {
    const { clock, run, events, tracing } = this.#parts;
    const { job } = lease;
    const span = tracing === undefined ? undefined : beginAttempt(tracing, lease);
    const attempt: Attempt = {
      number: ++this.#begun,
      lease,
      startedAt: clock.now(),
      span,
      delivered: undefined,
      cancelTimeout: undefined,
      ended: false,
      leaves: false,
    };
    this.#running.set(attempt.number, attempt);
    if (this.#stopped || this.#paused) {
      this.#end(attempt, { kind: 'not_started' });
      return;
    }
    attempt.delivered = run(
      {
        functionId: job.functionId,
        data: job.payload,
        traceparent: span?.traceparent ?? job.traceparent,
        baggage: job.baggage,
        metadata: jobMetadata(lease, this.#policy),
        caller: null,
      },
      (answer) => {
        this.#end(attempt, outcomeOf(answer));
      },
    );
    if (attempt.delivered === undefined) {
      this.#end(attempt, { kind: 'not_started' });
      return;
    }
    const { queue, id, functionId } = job;
    // a job from another program may come without the time it is due
    const waitedMs = Math.max(0, attempt.startedAt - Math.max(job.dueAt, job.enqueuedAt));
    events.emit({ kind: 'attempt_started', queue, id, functionId, waitedMs });
    this.#armTimeout(attempt);
  }

  #armTimeout(attempt: Attempt): void {
    const timeoutMs = attempt.lease.job.overrides.timeoutMs ?? this.#policy.timeoutMs;
    if (timeoutMs === null) return;
    attempt.cancelTimeout = this.#parts.clock.after(timeoutMs, () => {
      attempt.delivered?.abandon();
      const message = `the attempt did not end within ${timeoutMs} ms`;
      this.#end(attempt, { kind: 'timeout', error: { code: 'timeout', message } });
    });
  }

  #end(attempt: Attempt, outcome: Outcome): void {
    if (attempt.ended) return;
    attempt.ended = true;
    attempt.cancelTimeout?.();
    const { clock, random, store } = this.#parts;
    const now = clock.now();
    const { lease } = attempt;
    const verdict = decide(outcome, lease, this.#policy, now, random);
    const settlement: Settlement = {
      id: lease.job.id,
      epoch: lease.epoch,
      verdict,
      record: recordOf(attempt, outcome, now),
      at: now,
    };
    // Before a job is dead something else may have to be done, and that takes its time.
    attempt.leaves = store.traits.ordersCalls === true && verdict.kind !== 'dead';
    if (attempt.leaves) this.#leaving++;
    this.#settling.add({
      job: lease.job,
      settlement,
      done: (applied) => {
        this.#ended(attempt, settlement, applied);
      },
    });
    if (attempt.leaves) this.wake();
  }

  #ended(attempt: Attempt, settlement: Settlement, applied: boolean | null): void {
    const { events, log } = this.#parts;
    const { job } = attempt.lease;
    const { queue } = job;
    if (applied === true) {
      endAttempt(attempt.span, settlement);
      this.#announce(job, settlement);
    } else if (applied === false) {
      events.emit({ kind: 'stale_answer', queue, id: settlement.id });
      log.warn('a late answer was ignored', { queue, job: settlement.id });
    }
    this.#running.delete(attempt.number);
    if (attempt.leaves) this.#leaving--;
    this.#checkIdle();
    this.wake();
  }

  #announce({ queue, traceparent }: Job, { id, verdict, record }: Settlement): void {
    const { events } = this.#parts;
    const error = record?.error ?? null;
    const durationMs = record === null ? 0 : record.endedAt - record.startedAt;
    switch (verdict.kind) {
      case 'complete':
        events.emit({ kind: 'job_completed', queue, id, durationMs });
        break;
      case 'retry':
        if (record !== null && error !== null) {
          const { attempt } = record;
          const { dueAt } = verdict;
          events.emit({ kind: 'job_retried', queue, id, attempt, durationMs, dueAt, error });
        }
        break;
      case 'dead':
        events.emit({
          kind: 'job_dead',
          queue,
          id,
          reason: verdict.reason,
          durationMs,
          error: verdict.error,
          traceparent,
        });
        break;
      case 'return':
        events.emit({ kind: 'job_returned', queue, id, error });
        break;
    }
  }
}

/** @param before the limit so far: attempts that it counted are counted on */
function rateLimitOf({ rateLimit }: QueuePolicy, before?: RateLimit): RateLimit | undefined {
  if (rateLimit === null) return undefined;
  const { max, perMs } = rateLimit;
  return before?.changedTo(max, perMs) ?? new RateLimit(max, perMs);
}

/** What holds over all engines together, and is therefore the store's to keep. */
function sharedLimitsOf({ type, groupConcurrency, rateLimit }: QueuePolicy): SharedLimits {
  return { inFlight: type === 'fifo' ? groupConcurrency : null, rate: rateLimit };
}

const RECORDED_AS: Readonly<Record<Outcome['kind'], AttemptRecord['outcome'] | null>> = {
  completed: 'completed',
  failed: 'failed',
  timeout: 'timeout',
  interrupted: 'interrupted',
  not_started: null,
  expired: null,
};

function recordOf(attempt: Attempt, outcome: Outcome, endedAt: number): AttemptRecord | null {
  const kind = RECORDED_AS[outcome.kind];
  if (kind === null) return null;
  return {
    attempt: attempt.lease.attempt,
    startedAt: attempt.startedAt,
    endedAt,
    worker: attempt.delivered?.runner ?? 'engine',
    outcome: kind,
    error: 'error' in outcome ? outcome.error : null,
  };
}

/** The verdict on a job that needs one although no attempt ran. */
export function decideReclaimed(
  cause: 'orphaned' | 'expired',
  lease: Lease,
  policy: QueuePolicy,
  now: number,
  random: Random,
): Verdict {
  const outcome: Outcome =
    cause === 'expired'
      ? { kind: 'expired' }
      : interrupted('the engine stopped during the attempt');
  return decide(outcome, lease, policy, now, random);
}
