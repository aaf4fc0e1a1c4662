import type { JobState } from '../../queue/types.ts';

/** What a task does to each of its jobs. */
export type BulkAction = 'redrive' | 'discard' | 'cancel' | 'move' | 'retry';

/** Which jobs, in the words of an operator. */
export interface Selection {
  /** `null`: every queue. */
  readonly queues: readonly string[] | null;
  readonly states: readonly JobState[] | null;
  readonly where: string | null;
  readonly cluster: string | null;
  /** Dead jobs by the time of death, others by that of acceptance; milliseconds since the epoch. */
  readonly since: number | null;
  readonly until: number | null;
}

/** One job of a plan, and how it was when the plan was made; `null` for any version of it. */
export interface ExactJob {
  readonly id: string;
  readonly epoch: number | null;
}

export interface CanaryRequest {
  /** Jobs released first. */
  readonly jobs: number;
  /** Share of them, 0 to 1, that may die again without the task being stopped. */
  readonly abortIfFailRate: number;
}

/** What an operator asked for. */
export interface BulkRequest {
  readonly action: BulkAction;
  readonly selection: Selection;
  /** Exactly these, and no others; `null`: those that are selected. */
  readonly jobs: readonly ExactJob[] | null;
  /** Queue that they go to; `null`: the one they are in. */
  readonly to: string | null;
  readonly ratePerSecond: number | null;
  readonly limit: number | null;
  readonly canary: CanaryRequest | null;
  /** Whether what is ended is kept for a while. */
  readonly keepsUndo: boolean;
  /** Who asked. */
  readonly by: string;
}

/** What is there in place of the exact jobs of a stored task: they are kept apart. */
export type StoredRequest = Omit<BulkRequest, 'jobs'> & { readonly exactJobs: number | null };

export type TaskState =
  | 'running'
  | 'paused'
  | 'done'
  /** By an operator. */
  | 'cancelled'
  /** By itself: too many of its first jobs died again. */
  | 'stopped'
  | 'failed';

export const ENDED: readonly TaskState[] = ['done', 'cancelled', 'stopped', 'failed'];

export type TaskWish = 'pause' | 'cancel';

/** Another engine has taken the task over, or ended it: this one has to leave it alone. */
export class TaskLost extends Error {}

/** A job that was released, and how it was before. */
export interface ReleasedJob {
  readonly id: string;
  /** What it had died of. */
  readonly cluster: string | null;
  readonly epoch: number;
}

/** What became of the jobs that were released first. */
export interface CanaryProgress {
  /** Those that are still under way. */
  readonly open: readonly ReleasedJob[];
  readonly released: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Of the failed ones, those that died of the same as before. */
  readonly failedAgain: number;
  /** Whether the rest may go. */
  readonly passed: boolean;
}

/** A task as it is kept. Everything needed to go on with it after the engine was gone. */
export interface TaskRecord {
  readonly id: string;
  readonly request: StoredRequest;
  readonly state: TaskState;
  /** Id of the engine that works at it; `null` when none does. */
  readonly owner: string | null;
  /** What an operator asked another engine than the owner for, until the owner has done it. */
  readonly wish: TaskWish | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Why it ended or waits, for people. */
  readonly why: string | null;
  /** Jobs looked at that were meant. */
  readonly matched: number;
  readonly changed: number;
  /** Jobs left alone, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Where the search goes on; of exact jobs, how many are behind it. */
  readonly cursor: string | null;
  /** Jobs whose change was begun when this was written, and where the search is behind them. */
  readonly pending: {
    readonly ids: readonly string[];
    readonly clusters: readonly (string | null)[];
    readonly epochs: readonly number[];
    readonly cursor: string | null;
  } | null;
  readonly canary: CanaryProgress | null;
  /** With a rate: when the batch after the one of `pending` may go. */
  readonly nextAt: number;
  /** Bundle of what can be undone. */
  readonly undo: string | null;
}
