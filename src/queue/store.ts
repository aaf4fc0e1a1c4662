import type { IiiError } from '../base/errors.ts';
import type {
  AttemptRecord,
  Job,
  JobFailure,
  JobState,
  Lease,
  NewJob,
  QueuePolicy,
  Verdict,
} from './types.ts';
import type { Cause } from './cause.ts';
import type { StoreGaps } from './store-gaps.ts';

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
  /**
   * Whether calls take effect in the order in which they are made. Then a lease may be asked for
   * before the answer to a settlement has come: it only sees what the settlement left.
   */
  readonly ordersCalls?: true;
  /** Where the data is, without secrets; `null` for memory. */
  readonly location: string | null;
  readonly gaps: StoreGaps;
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
  /** Whether no worker offers anything at all; not told by some. */
  readonly isEmpty?: boolean;
}

export interface LeaseRequest {
  readonly queue: string;
  /** Leases wanted, at most. */
  readonly limit: number;
  readonly offer: FunctionOffer;
  /** Kept by shared stores over all engines together; the others have one engine, which keeps them. */
  readonly limits?: SharedLimits;
}

export interface SharedLimits {
  /** Jobs of the queue in flight at once, at most. */
  readonly inFlight: number | null;
  /** Attempts started in any window. When it has room again, the store signals. */
  readonly rate: { readonly max: number; readonly perMs: number } | null;
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

/**
 * `leasable`: a lease may now succeed, as far as the offer of the last one tells: whoever begins to
 * offer a function leases without a signal. `reclaimable`: `reclaim` has something to give. `paused` and
 * `resumed`: another engine on the same data did that to the queue.
 */
export interface StoreSignal {
  readonly kind: 'leasable' | 'reclaimable' | 'paused' | 'resumed';
  readonly queue: string;
}

/** What an engine tells the others on the same data about itself. */
export interface EngineCard {
  readonly id: string;
  /** Where workers and the command line reach it; `null` when it does not listen. */
  readonly address: string | null;
  readonly version: string;
  readonly pid: number;
  readonly host: string;
  readonly startedAt: number;
}

/** What an engine tells again and again, so that others can sum it up. */
export interface EngineFacts {
  /** Live workers that offer a function, by function. */
  readonly functions: Readonly<Record<string, number>>;
  /** Jobs accepted and finished per second, by queue. */
  readonly rates: Readonly<Record<string, readonly [accepted: number, finished: number]>>;
  /** What 95 of 100 attempts waited at most, in milliseconds, by queue in which any started lately. */
  readonly waits?: Readonly<Record<string, number>>;
}

export interface SeenEngine extends EngineCard {
  /** By the store's clock. An engine that was not stopped in order is listed until it is forgotten. */
  readonly lastSeenAt: number;
  /** Whether it was seen so lately that its leases still hold. */
  readonly alive: boolean;
  /** `undefined` where they do not reach the others. */
  readonly facts?: EngineFacts;
}

/** The engines that share a store. */
export interface EnginePeers {
  /**
   * Makes this engine known, from now until the store is closed.
   * @param facts asked again with every sign of life
   */
  announce(card: EngineCard, facts: () => EngineFacts): Promise<void>;
  /** Every engine that was seen lately, this one included, by id. */
  list(): Promise<readonly SeenEngine[]>;
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
  /** Complete once the store is open: what a receipt means may depend on what is found there. */
  readonly traits: StoreTraits;

  /** The engines on the same data; only where several can be. */
  readonly peers?: EnginePeers;

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

  /** Why a job is refused at the moment whatever it is, as far as is known; `null` while none is. */
  refusal?(): IiiError | null;

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

/** Which jobs a scan shows, in which order. `died`: dead jobs only. */
export interface JobScan {
  readonly queues: readonly string[] | null;
  readonly states: readonly JobState[] | null;
  readonly order: 'accepted' | 'died';
  /** Begins behind the job of this cursor, which may also be a list's; `null` to begin at the start. */
  readonly after: string | null;
}

/**
 * A job as a scan shows it: what says where it is costs nothing, the rest is read when asked for.
 * Good until the next slice is asked for.
 */
export interface ScannedJob {
  readonly id: string;
  readonly queue: string;
  readonly functionId: string;
  readonly state: JobState;
  readonly group: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly epoch: number;
  readonly enqueuedAt: number;
  readonly dueAt: number;
  /** Dead: when it failed. In flight: when leased. Finished: when it ended. Otherwise 0. */
  readonly stampAt: number;
  /** Where a scan or a list of the same order goes on behind this job. */
  readonly cursor: string;
  /** JSON text; empty when it cannot be read. */
  payload(): string;
  /** `null` unless dead, or when it cannot be read. */
  cause(): Cause | null;
  /** What `cause` is made of; the error may come without its stack. */
  failure(): JobFailure | null;
  /** The whole job; `undefined` when it cannot be read. */
  whole(): Job | undefined;
}

/** What is told of a job of a group. */
export type GroupMember = Pick<
  ScannedJob,
  'id' | 'functionId' | 'state' | 'attempts' | 'enqueuedAt' | 'dueAt'
>;

/** A group with jobs that can still run. */
export interface ScannedGroup {
  readonly group: string;
  /** Jobs of it that can still run. */
  readonly jobs: number;
  /** The oldest of them, in the order in which they will run. */
  readonly first: readonly GroupMember[];
}

/** Which groups of a FIFO queue are looked at. */
export interface GroupScan {
  readonly queue: string;
  /** Only these; `null` for all. */
  readonly only: readonly string[] | null;
  /** Jobs in `first`, at most and at least one. */
  readonly most: number;
}

/** What must be there for a rewrite to take place. `absent`: no job of this id, or a finished one. */
export type Expected = 'absent' | { readonly state: JobState; readonly epoch: number };

/** A job to be put where another version of it is, or where none is. */
export interface Rewrite {
  /**
   * The job as it is to be: `waiting`, `delayed` or `dead`. Its `seq` is its place in the order of
   * acceptance, 0 for a new one at the end; its `epoch` becomes higher than any given out before.
   */
  readonly job: Job;
  readonly expects: Expected;
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

  /**
   * Every job of a kind, in order, in slices that take a few milliseconds at most: what a selector
   * looks through. A job that comes or changes while the scan goes on may be shown or not, and none
   * is shown twice. Without this method `scanJobs` makes do with the pages of `list`.
   */
  scan?(scan: JobScan): AsyncIterable<readonly ScannedJob[]>;

  /**
   * The groups of a FIFO queue with jobs that can still run, the one with the oldest head first, in
   * slices that take a few milliseconds at most. For stores where looking at every job is slow: without
   * this method `groupJobs` makes do with a scan.
   */
  groups?(scan: GroupScan): AsyncIterable<readonly ScannedGroup[]>;

  /**
   * Puts jobs in the place of what is there; one atomic batch. The answer says for each whether what
   * was expected was there (`false`: this one changed nothing). A dead job keeps its place in the
   * order of deaths when it was dead before, and becomes the latest otherwise. What moves, edits and
   * imports jobs and undoes their end needs this method; without it those are refused.
   */
  rewrite?(rewrites: readonly Rewrite[]): Promise<readonly boolean[]>;
}

/** What the engine needs of one storage technology. */
export type Store = QueueStore & JobBrowser;
