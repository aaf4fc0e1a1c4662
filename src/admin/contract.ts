import type { SloStatus } from '../observe/queue-needs.ts';
import type { WorkerGauges } from '../observe/worker-gauges.ts';
import type { QueuePolicy } from '../queue/types.ts';
import {
  BULK_ROLES,
  type BulkContract,
  type BulkPlan,
  type SelectorInput,
} from './bulk-contract.ts';
import { CONFIG_ROLES, type ConfigContract } from './config-contract.ts';
import type { Explanation } from './explanation-contract.ts';
import type { EventPage } from './event-contract.ts';
import { FUNCTION_ROLES, type FunctionContract } from './function-contract.ts';
import { GROUP_ROLES, type GroupContract } from './group-contract.ts';

/**
 * Every function the engine offers to operators: id, input, result, and who may call it. The command
 * line talks to a running engine through these and nothing else; any worker SDK can call them too.
 * Names are camelCase and times RFC 3339, so that the command line prints results as they are.
 */

export type Empty = Readonly<Record<string, never>>;

export interface QueueSummary {
  readonly name: string;
  readonly type: 'standard' | 'fifo';
  readonly paused: boolean;
  /** When it goes on by itself; absent when it does not. */
  readonly pausedUntil?: string;
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly oldestWaitingMs: number | null;
  /** Live workers that offer a function some job of this queue waits for or ran on. */
  readonly workers: number;
  /** Jobs accepted and finished per second, over the last 10 s. */
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** What 95 of 100 attempts waited at most, over the last minute; `null` when none started. */
  readonly waitP95Ms?: number | null;
  /** `null` when the queue has none. */
  readonly slo?: SloStatus | null;
  readonly totals: {
    readonly enqueued: number;
    readonly completed: number;
    readonly failed: number;
    readonly dead: number;
    readonly redriven: number;
    readonly discarded: number;
  };
}

export interface QueueDetail extends QueueSummary {
  readonly config: QueuePolicy;
  /** Functions that no worker offers, and how many jobs wait for each. */
  readonly waitingFor: readonly { readonly functionId: string; readonly jobs: number }[];
  /** FIFO: groups with at least one job that can still run. */
  readonly groups: number;
  /**
   * When nothing waits any more, if as much comes in and goes out as now; `null` when nothing waits,
   * or when as much comes in as goes out.
   */
  readonly drainMs: number | null;
  /** How long a job runs on average, all its attempts together; `null` before one has finished. */
  readonly jobMs?: number | null;
  /** Attempts at once that it takes to keep up with what comes in; `null` when that is not known. */
  readonly concurrencyNeeded?: number | null;
  /** Workers that it takes, each with as many attempts at once as it may have now. */
  readonly workersNeeded?: number | null;
  /** Alerts of the queue that fire now, and since when. */
  readonly alerts?: readonly { readonly alert: string; readonly since: string }[];
}

export interface ErrorView {
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

export interface JobSummary {
  readonly id: string;
  readonly queue: string;
  readonly functionId: string;
  readonly state: string;
  readonly group: string | null;
  readonly priority: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly enqueuedAt: string;
  readonly dueAt: string | null;
}

/** Why a job is where it is. */
export interface JobExplanation extends Explanation {
  readonly job: JobSummary;
}

export interface JobDetail extends JobSummary {
  readonly interruptions: number;
  readonly payload: unknown;
  /** The payload's own JSON text: numbers beyond 2^53 and key order are exact here. */
  readonly payloadText: string;
  readonly dedupKey: string | null;
  readonly traceparent: string | null;
  readonly expiresAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly reason: string | null;
  readonly failedAt: string | null;
  readonly history: readonly {
    readonly attempt: number;
    readonly startedAt: string;
    readonly endedAt: string;
    readonly worker: string;
    readonly outcome: string;
    readonly error: ErrorView | null;
  }[];
}

export interface DeadJob {
  readonly id: string;
  readonly queue: string;
  readonly functionId: string;
  readonly group: string | null;
  readonly attempts: number;
  readonly reason: string;
  readonly error: ErrorView;
  readonly enqueuedAt: string;
  readonly failedAt: string;
  readonly payload: unknown;
  /** The payload's own JSON text. */
  readonly payloadText: string;
}

/** What a change would do, or did: counts per function, and a few of the jobs. */
export interface Plan {
  readonly total: number;
  readonly byFunction: readonly { readonly functionId: string; readonly jobs: number }[];
  readonly sample: readonly string[];
  /** By function and kind of error, and what would be left alone. */
  readonly groups?: BulkPlan['groups'];
  readonly skipped?: BulkPlan['skipped'];
}

export interface Page {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface EngineInfo {
  readonly version: string;
  readonly protocol: string;
  readonly pid: number;
  readonly startedAt: string;
  /** The engine's clock when it answered. */
  readonly now: string;
  readonly store: string;
  readonly guarantee: string;
  readonly dataDir: string | null;
  /** Why no job is accepted at the moment, as far as is known; `null` while they are. */
  readonly refusal: { readonly message: string; readonly hint: string | null } | null;
}

/** One of the engines on the same data. */
export interface EngineView {
  readonly id: string;
  /** Where workers and the command line reach it; `null` when it does not listen. */
  readonly address: string | null;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** `silent`: it was not stopped in order, and its jobs are taken over. */
  readonly status: 'running' | 'silent';
  readonly startedAt: string;
  readonly lastSeenAt: string;
  /** Whether it is the one that answers. */
  readonly self: boolean;
}

export interface WorkerView {
  readonly id: string;
  readonly name: string;
  readonly runtime: string;
  readonly version: string | null;
  readonly os: string | null;
  readonly pid: number | null;
  readonly status: string;
  readonly connectedAt: string;
  readonly functions: readonly string[];
  readonly inFlight: number;
  /** What it last said of its process, about once a minute; `null` until then, or when it does not. */
  readonly gauges: WorkerGauges | null;
}

export interface TopicView {
  readonly topic: string;
  /** Messages dropped because nobody was subscribed, over all engines and their restarts. */
  readonly dropped: number;
  readonly subscriptions: readonly SubscriptionView[];
}

export interface SubscriptionView {
  readonly topic: string;
  readonly functionId: string;
  /** Name of the queue that holds its copies, for the queue, job and dlq commands. */
  readonly queue: string;
  readonly type: 'standard' | 'fifo';
  readonly maxAttempts: number;
  readonly concurrency: number;
  readonly conditionFunctionId: string | null;
  readonly deadLetterTopic: string | null;
  /** Live workers that offer the function; 0 means that its messages pile up. */
  readonly workers: number;
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  /** Messages its condition left out, over all engines and their restarts. */
  readonly skipped: number;
}

export interface AdminContract
  extends BulkContract, GroupContract, ConfigContract, FunctionContract {
  'iii::engine::info': { input: Empty; result: EngineInfo };
  /** The engines on the same data that were seen within the last hour. */
  'iii::engine::list': { input: Empty; result: { readonly engines: readonly EngineView[] } };

  'iii::queue::list': { input: Empty; result: { readonly queues: readonly QueueSummary[] } };
  'iii::queue::get': { input: { readonly queue: string }; result: QueueDetail };
  'iii::queue::pause': {
    /** `until`: when it goes on by itself, also after a restart; RFC 3339 or `now+2h`. */
    input: { readonly queue: string; readonly until?: string; readonly dryRun?: boolean };
    result: {
      readonly queue: string;
      readonly paused: boolean;
      readonly changed: boolean;
      readonly until?: string;
    };
  };
  'iii::queue::resume': {
    input: { readonly queue: string; readonly dryRun?: boolean };
    result: { readonly queue: string; readonly paused: boolean; readonly changed: boolean };
  };

  'iii::job::list': {
    input: Page &
      SelectorInput & {
        readonly queue?: string;
        readonly functionId?: string;
      };
    result: {
      readonly jobs: readonly JobSummary[];
      /** `null` when nobody counted. */
      readonly total: number | null;
      readonly nextCursor: string | null;
    };
  };
  'iii::job::get': { input: { readonly id: string }; result: JobDetail };
  'iii::job::explain': { input: { readonly id: string }; result: JobExplanation };
  /** Waits until the job is completed, dead or discarded, or the time is over; answers it as it is then. */
  'iii::job::wait': {
    input: { readonly id: string; readonly timeoutMs?: number };
    result: JobDetail;
  };
  'iii::job::cancel': {
    input: { readonly ids: readonly string[]; readonly dryRun?: boolean };
    result: {
      readonly cancelled: number;
      readonly skipped: readonly { readonly id: string; readonly why: string }[];
    };
  };

  /**
   * Events as they happen. Without `after`: the newest `recent` ones of those still known. With it:
   * those behind it, after waiting up to `waitMs` for the first.
   */
  'iii::event::list': {
    input: {
      readonly after?: number;
      readonly recent?: number;
      readonly waitMs?: number;
      readonly limit?: number;
      readonly queue?: string;
      readonly id?: string;
      readonly kinds?: readonly string[];
    };
    result: EventPage;
  };

  /** Dead counts of every dead-letter queue. */
  'iii::dlq::summary': {
    input: Empty;
    result: {
      readonly queues: readonly {
        readonly queue: string;
        readonly deadLetterQueue: string;
        readonly dead: number;
        readonly oldestFailedAt: string | null;
      }[];
    };
  };
  'iii::dlq::list': {
    input: Page & SelectorInput & { readonly queue: string };
    result: {
      readonly jobs: readonly DeadJob[];
      /** `null` when nobody counted. */
      readonly total: number | null;
      readonly nextCursor: string | null;
    };
  };
  /** Without `queue`: every queue. Without `ids`: all dead jobs, oldest death first, at most `limit`. */
  'iii::dlq::redrive': {
    input: {
      readonly queue?: string;
      readonly ids?: readonly string[];
      readonly limit?: number;
      readonly dryRun?: boolean;
    };
    result: {
      readonly queue: string | null;
      readonly redriven: number;
      readonly dryRun?: true;
      readonly plan?: Plan;
      readonly notFound?: readonly string[];
    };
  };
  'iii::dlq::discard': {
    input: {
      readonly queue: string;
      readonly ids?: readonly string[];
      /** Needed to discard without `ids`. */
      readonly all?: boolean;
      readonly limit?: number;
      readonly dryRun?: boolean;
    };
    result: {
      readonly queue: string;
      readonly discarded: number;
      readonly dryRun?: true;
      readonly plan?: Plan;
      readonly notFound?: readonly string[];
    };
  };

  'iii::topic::list': { input: Empty; result: { readonly topics: readonly TopicView[] } };
  'iii::topic::unsubscribe': {
    input: { readonly topic: string; readonly functionId: string; readonly dryRun?: boolean };
    result: {
      readonly topic: string;
      readonly functionId: string;
      readonly unsubscribed: boolean;
      /** Jobs of the subscription that stay behind. */
      readonly jobsLeft: number;
    };
  };

  'iii::worker::list': { input: Empty; result: { readonly workers: readonly WorkerView[] } };
}

export type AdminFunctionId = keyof AdminContract;
export type AdminInput<Id extends AdminFunctionId> = AdminContract[Id]['input'];
export type AdminResult<Id extends AdminFunctionId> = AdminContract[Id]['result'];

/** The least role that may call a function. Without tokens configured everybody may. */
export const ADMIN_ROLES: Readonly<Record<AdminFunctionId, 'read' | 'operate'>> = {
  ...BULK_ROLES,
  ...GROUP_ROLES,
  ...CONFIG_ROLES,
  ...FUNCTION_ROLES,
  'iii::engine::info': 'read',
  'iii::engine::list': 'read',
  'iii::queue::list': 'read',
  'iii::queue::get': 'read',
  'iii::queue::pause': 'operate',
  'iii::queue::resume': 'operate',
  'iii::job::list': 'read',
  'iii::job::get': 'read',
  'iii::job::explain': 'read',
  'iii::job::wait': 'read',
  'iii::job::cancel': 'operate',
  'iii::event::list': 'read',
  'iii::dlq::summary': 'read',
  'iii::dlq::list': 'read',
  'iii::dlq::redrive': 'operate',
  'iii::dlq::discard': 'operate',
  'iii::topic::list': 'read',
  'iii::topic::unsubscribe': 'operate',
  'iii::worker::list': 'read',
};
