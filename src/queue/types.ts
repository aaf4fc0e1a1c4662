/** The settings of one queue, defaults filled in. See the table in docs/configuration.md. */
export interface QueuePolicy {
  readonly name: string;
  readonly type: 'standard' | 'fifo';
  /** Attempts in total before a job is dead; at least 1. The configuration key is `max_retries`. */
  readonly maxAttempts: number;
  /** Attempts at the same time from this queue, per engine; at least 1. */
  readonly concurrency: number;
  /** FIFO only: the top-level payload field whose value is the group. */
  readonly groupField: string | null;
  /** FIFO only: groups in flight at once; at least 1. */
  readonly groupConcurrency: number;
  readonly backoffMs: number;
  /** Cap of the backoff; `null` means none. */
  readonly maxBackoffMs: number | null;
  /** Share of each backoff that is random, 0 to 1. */
  readonly jitter: number;
  /** Longest time of one attempt; `null` means none. */
  readonly timeoutMs: number | null;
  /** Interruptions a job survives; one more and it is dead. */
  readonly maxInterruptions: number;
  /** A job not started after this long is dead with reason `expired`; `null` means never. */
  readonly ttlMs: number | null;
  readonly rateLimit: { readonly max: number; readonly perMs: number } | null;
  /** Name under which the dead jobs of this queue are kept; several queues may share one. */
  readonly deadLetterQueue: string;
  readonly pollIntervalMs: number;
  /** What 95 of 100 attempts should wait at most before they start; `null`: nothing is promised. */
  readonly sloWaitP95Ms: number | null;
  /** Finished jobs kept for `iii job show`: the last this many. */
  readonly retainCompleted: number;
}

/** Where a job is. `waiting` to `dead` can still run, the others are final. */
export type JobState = 'waiting' | 'delayed' | 'in_flight' | 'dead' | 'completed' | 'discarded';

/** Why a job is dead. `skipped`: an operator let its group go on without it. */
export const DEAD_REASONS = [
  'exhausted',
  'non_retryable',
  'interrupted',
  'expired',
  'skipped',
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

/** An error as a worker reported it, cut to the limits of `limits.ts`. */
export interface JobError {
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

/** One finished attempt. Times are milliseconds since the epoch. */
export interface AttemptRecord {
  /** Counted from 1. An interrupted attempt is given back, so its number comes again. */
  readonly attempt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Id and name of the worker that ran it. */
  readonly worker: string;
  readonly outcome: 'completed' | 'failed' | 'timeout' | 'interrupted';
  readonly error: JobError | null;
}

/** Settings a producer gave for one job; absent ones come from the queue. */
export interface JobOverrides {
  readonly maxAttempts?: number;
  readonly backoffMs?: number;
  readonly timeoutMs?: number;
}

/** A job as it is handed to a store. Times are milliseconds since the epoch. */
export interface NewJob {
  /** UUID; it is the `messageReceiptId`. */
  readonly id: string;
  readonly queue: string;
  readonly functionId: string;
  /** The payload's JSON text, exactly as the producer sent it. */
  readonly payload: string;
  /** Canonical JSON of the group field's value; `null` in a standard queue. */
  readonly group: string | null;
  /** Higher runs first; 0 is the lowest and the default. Always 0 in a FIFO queue. */
  readonly priority: number;
  readonly enqueuedAt: number;
  /** Not leased before this time. Equal to `enqueuedAt` when it may run at once. */
  readonly dueAt: number;
  /** Dead with reason `expired` when not started by then. */
  readonly expiresAt: number | null;
  readonly dedupKey: string | null;
  readonly overrides: JobOverrides;
  /** W3C trace context of the producer. */
  readonly traceparent: string | null;
  readonly baggage: string | null;
  /** JSON text of the producer's invocation metadata. */
  readonly metadata: string | null;
}

/** Everything a store knows about one job. */
export interface Job extends NewJob {
  /** Place in the order of acceptance; kept through retries and redrives. */
  readonly seq: number;
  readonly state: JobState;
  /** Finished attempts that count. */
  readonly attempts: number;
  readonly interruptions: number;
  /** Grows with every lease; an answer that carries an older one changes nothing. */
  readonly epoch: number;
  /** The last attempts, oldest first. */
  readonly history: readonly AttemptRecord[];
  /** Set while the job is dead. */
  readonly failure: JobFailure | null;
  /** When the running attempt began; `null` unless in flight. */
  readonly leasedAt: number | null;
  /** When the job reached a final state; `null` before. */
  readonly endedAt: number | null;
}

export interface JobFailure {
  readonly reason: DeadReason;
  readonly failedAt: number;
  readonly error: JobError;
}

/** The loan of a job to one attempt. */
export interface Lease {
  readonly job: Job;
  /** Number of this attempt, counted from 1. */
  readonly attempt: number;
  readonly epoch: number;
}

/** What became of an attempt, as the engine saw it. */
export type Outcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: JobError; readonly retryAfterMs: number | null }
  | { readonly kind: 'timeout'; readonly error: JobError }
  /** The worker or the engine went away: the attempt does not count. */
  | { readonly kind: 'interrupted'; readonly error: JobError }
  /** It never reached a worker: nothing counts. */
  | { readonly kind: 'not_started' }
  /** It was not started before its time to live ended. */
  | { readonly kind: 'expired' };

/** What a store has to do with a leased job. Made by `decide`, carried out by the store. */
export type Verdict =
  | { readonly kind: 'complete' }
  | { readonly kind: 'retry'; readonly dueAt: number }
  | {
      readonly kind: 'dead';
      readonly reason: DeadReason;
      readonly error: JobError;
      /** Whether the attempt that led here counts. */
      readonly countsAttempt: boolean;
    }
  /** Back to its place with the attempt given back. */
  | { readonly kind: 'return'; readonly countsInterruption: boolean };
