/**
 * The functions for many jobs at once: looking through them, changing them, undoing that. Part of the
 * contract, see contract.ts.
 */

type Nothing = Readonly<Record<string, never>>;

interface PageInput {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Which jobs: every member narrows further. See the selector language in docs/operations.md. */
export interface SelectorInput {
  readonly where?: string;
  readonly states?: readonly string[];
  /** Fingerprint of `iii dlq errors`. */
  readonly cluster?: string;
  /** RFC 3339, or `now-1h`. Dead jobs by the time of death, others by that of acceptance. */
  readonly since?: string;
  readonly until?: string;
}

/** Dead jobs with one kind of error. */
export interface ErrorCluster {
  /** Selects these jobs, as `cluster`. */
  readonly cluster: string;
  readonly code: string;
  /** The message without what is particular to one job. */
  readonly message: string;
  readonly jobs: number;
  /** Part of all dead jobs looked at, 0 to 1. */
  readonly share: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  /** Id and whole message of one of them. */
  readonly sample: string;
  readonly sampleMessage: string;
  readonly functions: readonly { readonly functionId: string; readonly jobs: number }[];
}

export type BulkActionName = 'redrive' | 'discard' | 'cancel' | 'move' | 'retry';

/** A job of a plan: `epoch` tells whether it changed since. */
export interface PlannedJob {
  readonly id: string;
  readonly epoch?: number | null;
}

export interface BulkInput extends SelectorInput {
  readonly action: BulkActionName;
  /** One queue, for dead jobs also the name of a dead-letter queue; without it, every queue. */
  readonly queue?: string;
  /** Exactly these jobs. */
  readonly jobs?: readonly PlannedJob[];
  /** Needed where nothing else says which jobs and they are ended. */
  readonly all?: boolean;
  readonly to?: string;
  readonly ratePerSecond?: number;
  readonly limit?: number;
  /** Released first; the others follow when no more than this share of them dies again. */
  readonly canary?: { readonly jobs: number; readonly abortIfFailRate: number };
  /** Keeps nothing to bring back. */
  readonly noUndo?: boolean;
}

/** What a bulk change would do. */
export interface BulkPlan {
  readonly action: BulkActionName;
  readonly queue: string | null;
  readonly total: number;
  /** By function and cluster, most jobs first. */
  readonly groups: readonly {
    readonly functionId: string;
    readonly queue: string;
    readonly target: string;
    readonly cluster: string | null;
    readonly message: string | null;
    readonly jobs: number;
    readonly oldestAt: string;
    readonly sample: string;
  }[];
  readonly skipped: readonly {
    readonly why: string;
    readonly jobs: number;
    readonly sample: string;
  }[];
  /** Each job, when asked for. */
  readonly jobs?: readonly { readonly id: string; readonly epoch: number }[];
}

export interface TaskView {
  readonly id: string;
  readonly action: BulkActionName;
  readonly state: 'running' | 'paused' | 'done' | 'cancelled' | 'stopped' | 'failed';
  readonly queues: readonly string[] | null;
  readonly where: string | null;
  readonly cluster: string | null;
  readonly to: string | null;
  readonly by: string;
  /** Id of the engine that works at it, as `iii engine list` shows it; `null` when none does. */
  readonly engine: string | null;
  readonly matched: number;
  readonly changed: number;
  readonly skipped: readonly { readonly why: string; readonly jobs: number }[];
  readonly ratePerSecond: number | null;
  readonly limit: number | null;
  readonly canary: {
    readonly jobs: number;
    readonly abortIfFailRate: number;
    readonly released: number;
    readonly waiting: number;
    readonly succeeded: number;
    readonly failed: number;
    readonly passed: boolean;
  } | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly why: string | null;
  /** Until when it can be undone; `null` when it cannot. */
  readonly undoUntil: string | null;
}

export interface AuditView {
  readonly at: string;
  readonly by: string;
  readonly action: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** A dead job with everything that is needed to bring it back somewhere else. */
export interface ExportedJob {
  readonly id: string;
  readonly queue: string;
  readonly functionId: string;
  readonly group: string | null;
  readonly priority: number;
  readonly enqueuedAt: string;
  readonly attempts: number;
  readonly interruptions: number;
  readonly reason: string;
  readonly failedAt: string;
  readonly error: { readonly code: string; readonly message: string; readonly stack?: string };
  readonly dedupKey: string | null;
  readonly overrides: Readonly<Record<string, number>>;
  readonly traceparent: string | null;
  readonly baggage: string | null;
  readonly metadata: unknown;
  readonly history: readonly {
    readonly attempt: number;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly worker: string;
    readonly outcome: string;
    readonly error: ExportedJob['error'] | null;
  }[];
  /** The payload's own JSON text. */
  readonly payloadText: string;
}

export interface ImportedJob {
  readonly id: string;
  readonly outcome: 'added' | 'replaced' | 'unchanged' | 'refused';
  /** Why it was refused. */
  readonly why: string | null;
  /** What is different in the job that is there. */
  readonly changes: readonly string[];
}

/** Of the jobs of one call, how many ended in each way. */
export type ImportCounts = Readonly<Record<ImportedJob['outcome'], number>>;

interface TaskChangeInput {
  readonly id: string;
  /** Answers the task as it would be, and leaves it as it is. */
  readonly dryRun?: boolean;
}

export interface BulkContract {
  'iii::dlq::errors': {
    input: SelectorInput & { readonly queue: string };
    result: {
      readonly queue: string;
      readonly jobs: number;
      /** Most jobs first. */
      readonly clusters: readonly ErrorCluster[];
    };
  };
  'iii::dlq::export': {
    input: PageInput & SelectorInput & { readonly queue: string };
    result: { readonly jobs: readonly ExportedJob[]; readonly nextCursor: string | null };
  };
  /** Ids are kept. A job that is dead here already is replaced when it differs; others are refused. */
  'iii::dlq::import': {
    input: {
      readonly queue?: string;
      readonly jobs: readonly ExportedJob[];
      readonly dryRun?: boolean;
    };
    result: ImportCounts & { readonly queue?: string; readonly jobs: readonly ImportedJob[] };
  };
  'iii::job::edit': {
    input: { readonly id: string; readonly payloadText: string; readonly dryRun?: boolean };
    result: { readonly id: string; readonly changed: boolean; readonly changes: readonly string[] };
  };

  'iii::bulk::plan': {
    input: BulkInput & { readonly withJobs?: boolean };
    result: BulkPlan;
  };
  'iii::task::start': { input: BulkInput; result: TaskView };
  'iii::task::list': { input: Nothing; result: { readonly tasks: readonly TaskView[] } };
  'iii::task::get': { input: { readonly id: string }; result: TaskView };
  /** Waits until it no longer runs, or the time is over; answers it as it is then. */
  'iii::task::wait': {
    input: { readonly id: string; readonly timeoutMs?: number };
    result: TaskView;
  };
  'iii::task::pause': { input: TaskChangeInput; result: TaskView };
  'iii::task::resume': { input: TaskChangeInput; result: TaskView };
  'iii::task::cancel': { input: TaskChangeInput; result: TaskView };
  'iii::undo::list': { input: Nothing; result: { readonly tasks: readonly TaskView[] } };
  'iii::undo::apply': {
    input: { readonly id: string; readonly dryRun?: boolean };
    result: { readonly id: string; readonly restored: number; readonly skipped: number };
  };
  'iii::audit::list': {
    input: { readonly limit?: number };
    result: { readonly entries: readonly AuditView[] };
  };
}

export const BULK_ROLES: Readonly<Record<keyof BulkContract, 'read' | 'operate'>> = {
  'iii::dlq::errors': 'read',
  'iii::dlq::export': 'read',
  'iii::dlq::import': 'operate',
  'iii::job::edit': 'operate',
  'iii::bulk::plan': 'read',
  'iii::task::start': 'operate',
  'iii::task::list': 'read',
  'iii::task::get': 'read',
  'iii::task::wait': 'read',
  'iii::task::pause': 'operate',
  'iii::task::resume': 'operate',
  'iii::task::cancel': 'operate',
  'iii::undo::list': 'read',
  'iii::undo::apply': 'operate',
  'iii::audit::list': 'read',
};
