import { cutError } from '../../queue/job-error.ts';
import { LIMITS } from '../../queue/limits.ts';
import {
  DEAD_REASONS,
  type AttemptRecord,
  type Job,
  type JobError,
  type JobOverrides,
} from '../../queue/types.ts';
import type { ExportedJob } from '../bulk-contract.ts';
import { jobHistory, timeText } from './views.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A job of a file: as it would be here, and what is wrong with it. */
export interface ReadJob {
  readonly job: Job;
  readonly problem: string | null;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const OUTCOMES: readonly AttemptRecord['outcome'][] = [
  'completed',
  'failed',
  'timeout',
  'interrupted',
];

/** A dead job with everything another engine needs to take it. */
export function exportedJob(job: Job): ExportedJob {
  const { failure } = job;
  return {
    id: job.id,
    queue: job.queue,
    functionId: job.functionId,
    group: job.group,
    priority: job.priority,
    enqueuedAt: timeText(job.enqueuedAt),
    attempts: job.attempts,
    interruptions: job.interruptions,
    reason: failure?.reason ?? 'exhausted',
    failedAt: timeText(failure?.failedAt ?? job.enqueuedAt),
    error: failure?.error ?? { code: 'unknown', message: '' },
    dedupKey: job.dedupKey,
    overrides: { ...job.overrides },
    traceparent: job.traceparent,
    baggage: job.baggage,
    metadata: job.metadata === null ? null : (JSON.parse(job.metadata) as unknown),
    history: jobHistory(job),
    payloadText: job.payload,
  };
}

/** Reads what `exportedJob` wrote and somebody may have edited. */
export function readExportedJob(value: unknown): ReadJob {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Fields;
  const problems: string[] = [];
  const text = (name: string): string => {
    const found = fields[name];
    if (typeof found === 'string' && found !== '') return found;
    problems.push(`${name} is missing`);
    return '';
  };
  const id = text('id');
  if (id !== '' && !UUID.test(id)) problems.push('its id is not a UUID');
  const enqueuedAt = timeOf(fields['enqueuedAt']) ?? 0;
  const failedAt = timeOf(fields['failedAt']) ?? enqueuedAt;
  const history = Array.isArray(fields['history']) ? (fields['history'] as unknown[]) : [];
  const job: Job = {
    id,
    queue: text('queue'),
    functionId: text('functionId'),
    payload: text('payloadText'),
    group: null,
    priority: countOf(fields['priority']),
    enqueuedAt,
    dueAt: enqueuedAt,
    expiresAt: null,
    dedupKey: textOf(fields['dedupKey']),
    overrides: overridesOf(fields['overrides']),
    traceparent: textOf(fields['traceparent']),
    baggage: textOf(fields['baggage']),
    metadata: (fields['metadata'] ?? null) === null ? null : JSON.stringify(fields['metadata']),
    seq: 0,
    state: 'dead',
    attempts: countOf(fields['attempts']),
    interruptions: countOf(fields['interruptions']),
    epoch: 0,
    history: history.slice(-LIMITS.historyLength).map(attemptOf),
    failure: {
      reason: DEAD_REASONS.find((known) => known === fields['reason']) ?? 'exhausted',
      failedAt,
      error: errorOf(fields['error']) ?? { code: 'unknown', message: '' },
    },
    leasedAt: null,
    endedAt: null,
  };
  if (enqueuedAt === 0) problems.push('enqueuedAt is no time');
  return { job, problem: problems[0] ?? null };
}

function attemptOf(value: unknown): AttemptRecord {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Fields;
  return {
    attempt: countOf(fields['attempt']),
    startedAt: timeOf(fields['startedAt']) ?? 0,
    endedAt: timeOf(fields['endedAt']) ?? 0,
    worker: textOf(fields['worker']) ?? '',
    outcome: OUTCOMES.find((known) => known === fields['outcome']) ?? 'failed',
    error: errorOf(fields['error']),
  };
}

function errorOf(value: unknown): JobError | null {
  if (typeof value !== 'object' || value === null) return null;
  const { code, message, stack } = value as Fields;
  const error = { code: textOf(code) ?? 'unknown', message: textOf(message) ?? '' };
  return cutError(typeof stack === 'string' ? { ...error, stack } : error);
}

function overridesOf(value: unknown): JobOverrides {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Fields;
  const names = ['maxAttempts', 'backoffMs', 'timeoutMs'] as const;
  const known = names.filter(
    (name) => Number.isSafeInteger(fields[name]) && Number(fields[name]) >= 0,
  );
  return Object.fromEntries(known.map((name) => [name, fields[name]]));
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function timeOf(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) || at <= 0 ? null : at;
}
