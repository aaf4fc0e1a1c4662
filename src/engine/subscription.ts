import { IiiError } from '../base/errors.ts';
import { defaultPolicy } from '../queue/policy.ts';
import type { QueuePolicy } from '../queue/types.ts';

/** One function's durable claim on a topic. */
export interface Subscription {
  readonly topic: string;
  readonly functionId: string;
  /** Asked before each delivery; only a result of exactly `false` skips it. */
  readonly conditionFunctionId: string | null;
  /** Where the data of its dead jobs is published too. */
  readonly deadLetterTopic: string | null;
  /** The queue that holds its copies of the messages. */
  readonly policy: QueuePolicy;
}

/** Name of the queue behind a subscription. */
export function subscriptionQueue(topic: string, functionId: string): string {
  return `${topic}::${functionId}`;
}

/** Whether a queue may be one behind a subscription, which may have ended. */
export function isSubscriptionQueue(name: string): boolean {
  return name.includes('::');
}

/** Names under which one setting may be given; the first is ours. */
const SETTING_NAMES = {
  maxRetries: ['max_retries', 'maxRetries'],
  backoffMs: ['backoff_ms', 'retry_delay_ms', 'backoffDelayMs'],
  concurrency: ['concurrency'],
  type: ['type'],
  groupField: ['message_group_field', 'messageGroupField'],
  groupConcurrency: ['group_concurrency', 'groupConcurrency'],
  timeoutMs: ['timeout_ms', 'timeoutMs'],
  ttlMs: ['ttl_ms', 'ttlMs'],
  deadLetterTopic: ['dead_letter_topic', 'deadLetterTopic'],
} as const;

type SettingName = keyof typeof SETTING_NAMES;

/**
 * Reads the config of a `queue` or `durable:subscriber` trigger: `topic`, `condition_function_id`, and
 * the settings in any of the three places the documents show (semantics.md §7).
 * @param warn called with each key that means nothing here
 * @throws IiiError INVALID_ARGUMENTS when the topic is missing or a setting cannot be used
 */
export function readSubscription(
  functionId: string,
  config: unknown,
  metadata: unknown,
  warn: (key: string) => void,
): Subscription {
  const members = asRecord(config);
  const { topic, condition_function_id: condition } = members;
  if (typeof topic !== 'string' || topic === '') {
    throw invalid('topic is required: the trigger would never fire');
  }
  const settings = collectSettings(
    [
      asRecord(asRecord(asRecord(metadata)['infrastructure'])['queue']),
      asRecord(asRecord(asRecord(members['metadata'])['infrastructure'])['queue']),
      asRecord(members['queue_config']),
    ],
    warn,
  );
  const whole = (name: SettingName, least: number): number | undefined => {
    const value = settings.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    throw invalid(`${SETTING_NAMES[name][0]} must be a whole number of at least ${least}`);
  };
  const text = (name: SettingName): string | null => {
    const value = settings.get(name) ?? null;
    if (value === null || typeof value === 'string') return value;
    throw invalid(`${SETTING_NAMES[name][0]} must be a string`);
  };
  const type = text('type') ?? 'standard';
  const name = subscriptionQueue(topic, functionId);
  const defaults = defaultPolicy(name);
  const policy: QueuePolicy = {
    ...defaults,
    // `concurrent` is what later documents of the original call `standard`.
    type: type === 'fifo' ? 'fifo' : 'standard',
    maxAttempts: Math.max(1, whole('maxRetries', 0) ?? defaults.maxAttempts),
    backoffMs: whole('backoffMs', 0) ?? defaults.backoffMs,
    concurrency: whole('concurrency', 1) ?? defaults.concurrency,
    groupField: type === 'fifo' ? text('groupField') : null,
    groupConcurrency: whole('groupConcurrency', 1) ?? defaults.groupConcurrency,
    timeoutMs: whole('timeoutMs', 1) ?? null,
    ttlMs: whole('ttlMs', 1) ?? null,
    deadLetterQueue: topic,
  };
  return {
    topic,
    functionId,
    conditionFunctionId: typeof condition === 'string' && condition !== '' ? condition : null,
    deadLetterTopic: text('deadLetterTopic'),
    policy,
  };
}

/** Later places win over earlier ones. */
function collectSettings(
  places: readonly Readonly<Record<string, unknown>>[],
  warn: (key: string) => void,
): ReadonlyMap<SettingName, unknown> {
  const settings = new Map<SettingName, unknown>();
  const names = Object.keys(SETTING_NAMES) as SettingName[];
  for (const place of places) {
    for (const [key, value] of Object.entries(place)) {
      const name = names.find((one) => (SETTING_NAMES[one] as readonly string[]).includes(key));
      if (name === undefined) warn(key);
      else if (value !== null) settings.set(name, value);
    }
  }
  return settings;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function invalid(message: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', message);
}
