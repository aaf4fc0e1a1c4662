import type { QueuePolicy } from '../queue/types.ts';
import { writeDuration } from './durations.ts';
import { defaultQueue } from './queues.ts';
import type { SettingSource, SettingValue, Step } from './settings.ts';
import { joinPath } from './tree.ts';

interface QueueSetting {
  /** The key of the file; a dot leads into a section. */
  readonly name: string;
  readonly valueOf: (policy: QueuePolicy) => SettingValue;
  /** Another key that means the same, and wins. */
  readonly alias?: string;
}

/** Every setting of a queue, in the order of docs/configuration.md. */
const QUEUE_SETTINGS: readonly QueueSetting[] = [
  { name: 'max_retries', valueOf: ({ maxAttempts }) => maxAttempts },
  { name: 'concurrency', valueOf: ({ concurrency }) => concurrency },
  { name: 'type', valueOf: ({ type }) => type },
  { name: 'message_group_field', valueOf: ({ groupField }) => groupField },
  { name: 'backoff_ms', valueOf: ({ backoffMs }) => backoffMs, alias: 'retry_delay' },
  { name: 'poll_interval_ms', valueOf: ({ pollIntervalMs }) => pollIntervalMs },
  { name: 'group_concurrency', valueOf: ({ groupConcurrency }) => groupConcurrency },
  { name: 'max_backoff_ms', valueOf: ({ maxBackoffMs }) => maxBackoffMs },
  { name: 'jitter', valueOf: ({ jitter }) => jitter },
  { name: 'timeout_ms', valueOf: ({ timeoutMs }) => timeoutMs },
  { name: 'max_interruptions', valueOf: ({ maxInterruptions }) => maxInterruptions },
  { name: 'ttl_ms', valueOf: ({ ttlMs }) => ttlMs },
  {
    name: 'rate_limit',
    valueOf: ({ rateLimit }) =>
      rateLimit === null ? null : { max: rateLimit.max, per_ms: rateLimit.perMs },
  },
  { name: 'dead_letter_queue', valueOf: ({ deadLetterQueue }) => deadLetterQueue },
  {
    name: 'slo.wait_p95',
    valueOf: ({ sloWaitP95Ms }) => (sloWaitP95Ms === null ? null : writeDuration(sloWaitP95Ms)),
  },
  { name: 'retention.completed', valueOf: ({ retainCompleted }) => retainCompleted },
];

/** The settings of a queue with their sources. */
export function queueSettings(policy: QueuePolicy): readonly SettingSource[] {
  const { name: queue } = policy;
  return QUEUE_SETTINGS.map(({ name, valueOf, alias }) => ({
    key: queueKey(queue, name),
    value: valueOf(policy),
    places: [...(alias === undefined ? [] : [alias]), name].map((written) => ({
      module: 'queue',
      steps: ['queue_configs', queue, ...written.split('.')] satisfies Step[],
    })),
  }));
}

/** The settings of a queue by the keys of the file, and what they say. */
export function queueValues(policy: QueuePolicy): ReadonlyMap<string, SettingValue> {
  return new Map(QUEUE_SETTINGS.map(({ name, valueOf }) => [name, valueOf(policy)]));
}

/** `queues.payment`, or `queues.payment.max_retries`. */
export function queueKey(queue: string, name?: string): string {
  const key = joinPath('queues', queue);
  return name === undefined ? key : `${key}.${name}`;
}

/** A queue as it would stand in a file: what `readQueues` reads back to the same policy. */
export function writeQueue(policy: QueuePolicy): Readonly<Record<string, unknown>> {
  const usual = queueValues(defaultQueue(policy.name));
  const written: Record<string, unknown> = {};
  for (const [name, value] of queueValues(policy)) {
    // What concurrency is by default depends on the groups, so that it is always written.
    const isUsual = JSON.stringify(value) === JSON.stringify(usual.get(name));
    if (isUsual && name !== 'concurrency') continue;
    const [section = '', member] = name.split('.');
    written[section] = member === undefined ? value : { [member]: value };
  }
  return written;
}
