import type { ScannedJob } from '../store.ts';
import { DEAD_REASONS, type JobState } from '../types.ts';
import { COST } from './condition.ts';

/** What can be asked about a job beside its payload. `null` stands for none. */
export type Field =
  | {
      readonly kind: 'text';
      readonly cost: number;
      readonly read: (job: ScannedJob) => string | null;
      /** What `~` looks in too, where that is more. */
      readonly readAll?: (job: ScannedJob) => string | null;
      /** Not every job has one: `null` asks for those that have none. */
      readonly optional?: boolean;
      /** The values there are; others are mistakes. */
      readonly choices?: readonly string[];
    }
  | { readonly kind: 'number'; readonly read: (job: ScannedJob) => number }
  /** Milliseconds since the epoch. */
  | { readonly kind: 'time'; readonly read: (job: ScannedJob) => number | null }
  /** How long ago; compared with a duration. */
  | { readonly kind: 'age'; readonly read: (job: ScannedJob) => number | null };

export const STATES: readonly JobState[] = [
  'waiting',
  'delayed',
  'in_flight',
  'dead',
  'completed',
  'discarded',
];

const failedAt = (job: ScannedJob): number | null => (job.state === 'dead' ? job.stampAt : null);

export const FIELDS: Readonly<Record<string, Field>> = {
  id: { kind: 'text', cost: COST.index, read: (job) => job.id },
  queue: { kind: 'text', cost: COST.index, read: (job) => job.queue },
  function: { kind: 'text', cost: COST.index, read: (job) => job.functionId },
  state: { kind: 'text', cost: COST.index, read: (job) => job.state, choices: STATES },
  group: { kind: 'text', optional: true, cost: COST.index, read: (job) => groupText(job.group) },
  priority: { kind: 'number', read: (job) => job.priority },
  attempts: { kind: 'number', read: (job) => job.attempts },
  interruptions: { kind: 'number', read: (job) => job.interruptions },
  age: { kind: 'age', read: (job) => job.enqueuedAt },
  enqueued: { kind: 'time', read: (job) => job.enqueuedAt },
  due: { kind: 'time', read: (job) => (job.state === 'delayed' ? job.dueAt : null) },
  died: { kind: 'time', read: failedAt },
  reason: {
    kind: 'text',
    optional: true,
    cost: COST.cause,
    read: (job) => job.cause()?.reason ?? null,
    choices: DEAD_REASONS,
  },
  error: {
    kind: 'text',
    optional: true,
    cost: COST.failure,
    read: (job) => job.failure()?.error.message ?? null,
    readAll: (job) => {
      const error = job.failure()?.error;
      return error === undefined ? null : `${error.code}: ${error.message}`;
    },
  },
  'error.code': {
    kind: 'text',
    optional: true,
    cost: COST.cause,
    read: (job) => job.cause()?.code ?? null,
  },
  'error.message': {
    kind: 'text',
    optional: true,
    cost: COST.failure,
    read: (job) => job.failure()?.error.message ?? null,
  },
  cluster: {
    kind: 'text',
    optional: true,
    cost: COST.cause,
    read: (job) => job.cause()?.cluster ?? null,
  },
  dedup_key: {
    kind: 'text',
    optional: true,
    cost: COST.job,
    read: (job) => job.whole()?.dedupKey ?? null,
  },
  worker: {
    kind: 'text',
    optional: true,
    cost: COST.job,
    read: (job) => job.whole()?.history.at(-1)?.worker ?? null,
  },
};

/** Whether a job may have none of a field. */
export function mayBeNone(field: Field): boolean {
  return field.kind === 'time' || (field.kind === 'text' && field.optional === true);
}

/** Names that mean a field, beside its own. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  function_id: 'function',
  functionId: 'function',
  enqueuedAt: 'enqueued',
  dueAt: 'due',
  failedAt: 'died',
  failed_at: 'died',
  dedupKey: 'dedup_key',
};

/** A group's value as people write it: a text without its quotes. */
function groupText(group: string | null): string | null {
  if (group?.startsWith('"') !== true) return group;
  return JSON.parse(group) as string;
}
