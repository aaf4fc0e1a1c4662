import type { OpenSpan, Tracing } from '../base/tracing.ts';
import type { Settlement } from '../queue/store.ts';
import type { Lease } from '../queue/types.ts';
import { messagingAttributes } from './messaging-attributes.ts';

/** Opens the span of one attempt, within the one of its enqueue. */
export function beginAttempt(tracing: Tracing, { job, attempt }: Lease): OpenSpan {
  return tracing.begin({
    name: `process ${job.queue}`,
    kind: 'consumer',
    parent: job.traceparent,
    attributes: {
      ...messagingAttributes(job.queue, job.id),
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'iii.function.id': job.functionId,
      'iii.job.attempt': attempt,
    },
  });
}

/** Ends it, unless nothing ran: such a span is never exported. */
export function endAttempt(span: OpenSpan | undefined, { record, verdict }: Settlement): void {
  if (span === undefined || record === null) return;
  const { outcome, error } = record;
  span.end(error?.message ?? null, {
    'iii.attempt.outcome': outcome,
    'iii.job.verdict': verdict.kind,
    ...(error === null ? {} : { 'error.type': error.code }),
  });
}
