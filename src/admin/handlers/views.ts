import { defaultPolicy } from '../../queue/policy.ts';
import type { Engine } from '../../engine/engine.ts';
import type { AttemptRecord, Job } from '../../queue/types.ts';
import type { DeadJob, JobDetail, JobSummary } from '../contract.ts';

/** RFC 3339, UTC. */
export function timeText(atMs: number): string;
export function timeText(atMs: number | null): string | null;
export function timeText(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

export function jobSummary(job: Job, engine: Engine): JobSummary {
  const policy = engine.queues.policyOf(job.queue) ?? defaultPolicy(job.queue);
  return {
    id: job.id,
    queue: job.queue,
    functionId: job.functionId,
    state: job.state,
    group: job.group,
    priority: job.priority,
    attempts: job.attempts,
    maxAttempts: job.overrides.maxAttempts ?? policy.maxAttempts,
    enqueuedAt: timeText(job.enqueuedAt),
    dueAt: timeText(job.state === 'delayed' ? job.dueAt : null),
  };
}

export function jobDetail(job: Job, engine: Engine): JobDetail {
  return {
    ...jobSummary(job, engine),
    interruptions: job.interruptions,
    payload: JSON.parse(job.payload) as unknown,
    payloadText: job.payload,
    dedupKey: job.dedupKey,
    traceparent: job.traceparent,
    expiresAt: timeText(job.expiresAt),
    startedAt: timeText(job.leasedAt),
    endedAt: timeText(job.endedAt),
    reason: job.failure?.reason ?? null,
    failedAt: timeText(job.failure?.failedAt ?? null),
    history: jobHistory(job),
  };
}

export function deadJob(job: Job): DeadJob {
  const { failure } = job;
  return {
    id: job.id,
    queue: job.queue,
    functionId: job.functionId,
    group: job.group,
    attempts: job.attempts,
    reason: failure?.reason ?? 'exhausted',
    error: failure?.error ?? { code: 'unknown', message: '' },
    enqueuedAt: timeText(job.enqueuedAt),
    failedAt: timeText(failure?.failedAt ?? job.enqueuedAt),
    payload: JSON.parse(job.payload) as unknown,
    payloadText: job.payload,
  };
}

/** The last attempts of a job, oldest first. */
export function jobHistory(job: Job): JobDetail['history'] {
  return job.history.map(attemptView);
}

function attemptView(record: AttemptRecord): JobDetail['history'][number] {
  return {
    attempt: record.attempt,
    startedAt: timeText(record.startedAt),
    endedAt: timeText(record.endedAt),
    worker: record.worker,
    outcome: record.outcome,
    error: record.error,
  };
}
