/** What a job waits for, as one word for scripts. */
export type WaitKind =
  | 'paused'
  | 'not_run_here'
  | 'behind'
  | 'no_worker'
  | 'workers_busy'
  | 'concurrency'
  | 'rate_limited'
  | 'parked'
  | 'delayed'
  | 'next'
  | 'in_flight'
  | 'dead'
  | 'completed'
  | 'discarded';

export interface WaitReason {
  readonly kind: WaitKind;
  /** The reason as a sentence without a full stop. */
  readonly text: string;
  /** What would change it: a command, or what to do. */
  readonly change: string;
  /** `behind`: the job in front. */
  readonly jobId?: string;
  /** `paused` for a time, `delayed`, `parked`, `rate_limited`: when it ends by itself. */
  readonly until?: string;
  /** `in_flight`: who runs it. */
  readonly worker?: string;
}

/** Why a job is where it is. */
export interface Explanation {
  /** The kind of the first reason. */
  readonly kind: WaitKind;
  /** At least one, in the order in which they have to go away. */
  readonly reasons: readonly WaitReason[];
}
