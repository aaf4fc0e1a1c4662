import { QUEUE_DEFAULTS } from './limits.ts';
import type { QueuePolicy } from './types.ts';

/** The settings of a queue of which nothing but the name is known. */
export function defaultPolicy(name: string): QueuePolicy {
  return {
    name,
    type: QUEUE_DEFAULTS.type,
    maxAttempts: QUEUE_DEFAULTS.maxRetries,
    concurrency: QUEUE_DEFAULTS.concurrency,
    groupField: null,
    groupConcurrency: QUEUE_DEFAULTS.groupConcurrency,
    backoffMs: QUEUE_DEFAULTS.backoffMs,
    maxBackoffMs: null,
    jitter: QUEUE_DEFAULTS.jitter,
    timeoutMs: null,
    maxInterruptions: QUEUE_DEFAULTS.maxInterruptions,
    ttlMs: null,
    rateLimit: null,
    deadLetterQueue: name,
    pollIntervalMs: QUEUE_DEFAULTS.pollIntervalMs,
    sloWaitP95Ms: null,
    retainCompleted: QUEUE_DEFAULTS.retainCompleted,
  };
}
