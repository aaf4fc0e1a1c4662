import type { AttemptRecord, Job, JobState, Lease, NewJob, QueuePolicy, Verdict } from './types.ts';

/** What a store promises and what it cannot do. Printed at start and by the conformance suite. */
export interface StoreTraits {
  /** `memory`, `file`, … */
  readonly name: string;
  /** What a receipt means here, as one phrase for people. */
  readonly guarantee: string;
  /** Whether jobs are still there after the process is gone. */
  readonly survivesRestart: boolean;
  /** Whether several engines may use the same data at once. */
  readonly sharedByEngines: boolean;
  /** Where the data is; `null` for memory. */
  readonly location: string | null;
}

/** The receipt of one append. */
export interface Receipt {
  /** The job's id; with a `dedupKey` already taken, that of the earlier job. */
  readonly id: string;
  readonly duplicate: boolean;
}

/** The functions that can take a job right now. Asked per function while leasing. */
export interface FunctionOffer {
  has(functionId: string): boolean;
}

export interface LeaseRequest {
  readonly queue: string;
  /** Leases wanted, at most. */
  readonly limit: number;
  readonly offer: FunctionOffer;
}

/** The end of one lease. */
export interface Settlement {
  readonly id: string;
  /** The lease's epoch. With any other than the current one, the settlement changes nothing. */
  readonly epoch: number;
  readonly verdict: Verdict;
  /** Added to the job's history; `null` when no attempt took place. */
  readonly record: AttemptRecord | null;
  /** When it was decided. */
  readonly at: number;
}

/** A lease that needs a verdict although no attempt ran. */
export interface Reclaimed {
  readonly lease: Lease;
  /** `orphaned`: its engine is gone. `expired`: its time to live ended before it was started. */
  readonly cause: 'orphaned' | 'expired';
}

/** `leasable`: a lease may now succeed. `reclaimable`: `reclaim` has something to give. */
export interface StoreSignal {
  readonly kind: 'leasable' | 'reclaimable';
  readonly queue: string;
}

/**
 * The write path of a store. A store moves jobs and decides nothing: it carries out verdicts,
 * atomically, and only for the current epoch of a lease. Its own rules are the order of leasing
 * (due, highest priority, oldest first; in a FIFO queue only the head of a group without a job in
 * flight, the group whose head was accepted first) and the numbering of attempts.
 *
 * Every method may reject with an `IiiError`; then nothing of that call took place.
 */
export interface QueueStore {
  readonly traits: StoreTraits;

  /** Makes the store usable: recovers what is there. Called once, before anything else. */
  open(policies: readonly QueuePolicy[]): Promise<void>;

  /** Adds queues, or changes the settings of those that are there. */
  configure(policies: readonly QueuePolicy[]): void;

  /** Accepts jobs, all or none. Resolves when they are as safe as the store promises. */
  append(jobs: readonly NewJob[]): Promise<readonly Receipt[]>;

  /** Takes up to `limit` jobs. Paused queues are the caller's concern. */
  lease(request: LeaseRequest): Promise<readonly Lease[]>;

  /**
   * Ends leases. Resolves when the ends are as safe as the store promises; only then may the next
   * job of a group be leased. The answer says for each whether it was applied (`false`: stale).
   */
  settle(settlements: readonly Settlement[]): Promise<readonly boolean[]>;

  /** Takes up to `limit` jobs that need a verdict without having run. */
  reclaim(limit: number): Promise<readonly Reclaimed[]>;

  /** Calls `listener` whenever waiting or reclaimable work appears, also when a delay ends. */
  watch(listener: (signal: StoreSignal) => void): void;

  /** Stops the store after what was begun is safe. */
  close(): Promise<void>;
}

/** Which dead jobs: those of these queues, or of these only the named ones. Oldest death first. */
export interface DeadSelection {
  readonly queues: readonly string[];
  readonly ids: readonly string[] | null;
  readonly limit: number;
}

export interface JobFilter {
  readonly queues: readonly string[] | null;
  readonly states: readonly JobState[] | null;
  readonly functionId: string | null;
  /**
   * `accepted`: by order of acceptance. `died`: by time of death, for dead jobs only; `last_died`:
   * the same, latest death first.
   */
  readonly order: 'accepted' | 'died' | 'last_died';
  readonly limit: number;
  /** Where the page before ended; `null` for the first page. */
  readonly cursor: string | null;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  /** `null` when nothing follows. */
  readonly nextCursor: string | null;
}

/** Counts of one queue. Totals only grow, and survive a restart where jobs do. */
export interface QueueStats {
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  /** Finished jobs still kept for looking up. */
  readonly retained: number;
  /** When the oldest waiting job was accepted; `null` when none waits. */
  readonly oldestWaitingAt: number | null;
  /** Waiting jobs by function. */
  readonly waitingByFunction: ReadonlyMap<string, number>;
  /** FIFO: groups with at least one job that can still run. */
  readonly groups: number;
  readonly paused: boolean;
  readonly totals: QueueTotals;
}

export interface QueueTotals {
  readonly enqueued: number;
  readonly completed: number;
  /** Attempts that failed, whether the job was retried or not. */
  readonly failed: number;
  readonly dead: number;
  readonly redriven: number;
  readonly discarded: number;
}

/** The looking and mending path of a store. Reading never consumes or reorders. */
export interface JobBrowser {
  /** Every queue the store knows, with or without settings, and its counts. */
  stats(): Promise<ReadonlyMap<string, QueueStats>>;

  get(id: string): Promise<Job | undefined>;

  list(filter: JobFilter): Promise<JobPage>;

  /** Ends waiting and delayed jobs as `discarded`. Answers the ids that were. */
  cancel(ids: readonly string[]): Promise<readonly string[]>;

  /** Brings dead jobs back to their place, attempts from 0, ids kept; one atomic batch. Answers their ids. */
  redrive(selection: DeadSelection): Promise<readonly string[]>;

  /** Ends dead jobs as `discarded`; one atomic batch. Answers their ids. */
  discard(selection: DeadSelection): Promise<readonly string[]>;

  /** Records whether a queue is paused. Resolves when it is as safe as the store promises. */
  pause(queue: string, paused: boolean): Promise<void>;
}

/** What the engine needs of one storage technology. */
export type Store = QueueStore & JobBrowser;
