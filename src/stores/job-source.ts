import type { QueuePolicy, Job } from '../queue/types.ts';

/** A job as a source gives it. */
export interface SourceJob {
  readonly job: Job;
  /** The source does not know when it was accepted, and says now; an earlier run said another time. */
  readonly isTimeAssumed?: true;
}

/** Jobs of one queue, and whether it is paused. */
export interface SourceCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly paused: boolean;
}

/** What stays in a source because it is no job of its queues. */
export interface LeftBehind {
  /** Where it is, as the source calls it. */
  readonly place: string;
  readonly messages: number;
  readonly why: string;
}

/** Where jobs are moved from. */
export interface JobSource {
  /** Where it is, for people. */
  readonly location: string;

  /** Is told of queues that its configuration does not name. */
  know(policies: readonly QueuePolicy[]): void;

  /** Looks whether its jobs can be moved; changes nothing. @throws IiiError CONFLICT when an engine uses it */
  check(): Promise<void>;

  /** Counts of every queue it knows. */
  stats(): Promise<ReadonlyMap<string, SourceCounts>>;

  /** Jobs of which it does not tell the queue before they are taken. */
  countUntold(): Promise<number>;

  /**
   * Shows every job that would be moved, in the order of `take`. `null`: it cannot show any without
   * handing them out; then only the counts tell.
   */
  look(): AsyncIterable<readonly SourceJob[]> | null;

  /**
   * Gives all waiting and delayed jobs in the order of acceptance, then dead ones in the order of their
   * deaths. Those of a slice are to be removed before the next slice is asked for.
   */
  take(): AsyncIterable<readonly SourceJob[]>;

  /** Takes jobs of the last slice out; resolves when that is safe. */
  remove(jobs: readonly Job[]): Promise<void>;

  /** What `take` did not give. */
  left(): readonly LeftBehind[];

  /** Is told that everything has been moved. */
  finish(): Promise<void>;

  close(): Promise<void>;
}
