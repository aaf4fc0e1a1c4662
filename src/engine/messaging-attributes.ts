import type { SpanAttributes } from '../base/tracing.ts';

/** The attributes that OpenTelemetry's messaging conventions ask of every span about a job. */
export function messagingAttributes(queue: string, jobId: string): SpanAttributes {
  return {
    'messaging.system': 'iii-queue',
    'messaging.destination.name': queue,
    'messaging.message.id': jobId,
  };
}
