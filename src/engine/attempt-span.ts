import type { OpenSpan, SpanStart, Tracing } from '../base/tracing.ts';
import type { Settlement } from '../queue/store.ts';
import type { Job, Lease } from '../queue/types.ts';
import { messagingAttributes } from './messaging-attributes.ts';

/** Opens the span of one attempt, within the one of its enqueue. */
export function beginAttempt(tracing: Tracing, { job, attempt, epoch }: Lease): OpenSpan {
  return tracing.begin(startOf(job, attempt, epoch));
}

/**
 * Ends it when the store has taken the end of the attempt, unless nothing ran. An end that the store
 * did not take is for whoever finds the lease: a span that never ends is never exported.
 */
export function endAttempt(span: OpenSpan | undefined, settlement: Settlement): void {
  const { record, verdict } = settlement;
  if (span === undefined || record === null) return;
  const { outcome, error } = record;
  const attributes = {
    'iii.attempt.outcome': outcome,
    'iii.job.verdict': verdict.kind,
    ...(error === null ? {} : { 'error.type': error.code }),
  };
  span.end(error?.message ?? null, attributes, record.endedAt);
}

/**
 * Makes up for the span of an attempt that was lost with its engine, once the store has taken its
 * end. It has the id that the lost one had, so that what a worker did within it has its place.
 * @param found the lease under which the job was given out again: one more than the lost one
 * @param why in a few words, instead of the error that the job keeps
 */
export function recoverAttempt(
  tracing: Tracing,
  { job, attempt, epoch }: Lease,
  settlement: Settlement,
  why: string,
): void {
  const { record } = settlement;
  if (record === null) return;
  const start = { ...startOf(job, attempt, epoch - 1), startedAt: record.startedAt };
  const error = { code: record.error?.code ?? 'invocation_stopped', message: why };
  endAttempt(tracing.begin(start), { ...settlement, record: { ...record, error } });
}

function startOf(job: Job, attempt: number, epoch: number): SpanStart {
  return {
    name: `process ${job.queue}`,
    kind: 'consumer',
    parent: job.traceparent,
    spanId: spanIdOf(job.id, epoch),
    attributes: {
      ...messagingAttributes(job.queue, job.id),
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'iii.function.id': job.functionId,
      'iii.job.attempt': attempt,
    },
  };
}

/** Two halves of FNV-1a with different starts: any engine finds the same id for the same lease. */
function spanIdOf(jobId: string, epoch: number): string {
  const text = `${jobId} ${epoch}`;
  return hash(text, 0x811c9dc5) + hash(text, 0x2f0b4c1d);
}

function hash(text: string, start: number): string {
  let value = start;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, '0');
}
