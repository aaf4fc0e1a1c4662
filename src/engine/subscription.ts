import { IiiError } from '../base/errors.ts';
import { meansNothing } from '../base/suggest.ts';
import { LIMITS } from '../queue/limits.ts';
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

const SETTINGS = Object.keys(SETTING_NAMES) as SettingName[];
/** Every name of every setting. */
const NAMES: readonly string[] = SETTINGS.flatMap((name) => SETTING_NAMES[name]);

/** What may stand beside the topic. */
const MEMBERS: readonly string[] = ['topic', 'condition_function_id', 'queue_config', 'metadata'];

const U32_MAX = 2 ** 32 - 1;

/**
 * Reads the config of a `queue` or `durable:subscriber` trigger: `topic`, `condition_function_id`, and
 * the settings in any of the three places the documents show (semantics.md §7).
 * @returns also a sentence about each key that means nothing here
 * @throws IiiError INVALID_ARGUMENTS when the topic is missing or a setting cannot be used
 */
export function readSubscription(
  functionId: string,
  config: unknown,
  metadata: unknown,
): { readonly subscription: Subscription; readonly warnings: readonly string[] } {
  const members = asRecord(config);
  const { topic, condition_function_id: condition } = members;
  if (typeof (topic ?? '') !== 'string') throw invalid('topic must be a string');
  if (typeof topic !== 'string' || topic === '') {
    throw invalid('topic is required: the trigger would never fire');
  }
  const settings = new Map<SettingName, { readonly key: string; readonly value: unknown }>();
  const warnings = strayMembers(members);
  const take = (place: string, value: unknown): void => {
    for (const [key, given] of Object.entries(settingsIn(place, value))) {
      const name = settingNamed(key);
      if (name === undefined) warnings.push(`${place}.${meansNothing(key, NAMES)}`);
      else if (given !== null) settings.set(name, { key, value: given });
    }
  };
  // later places win over earlier ones
  take('metadata.infrastructure.queue', infrastructure(metadata));
  take('metadata.infrastructure.queue', infrastructure(members['metadata']));
  take('queue_config', members['queue_config']);
  const whole = (name: SettingName, least: number, most: number): number | undefined => {
    const setting = settings.get(name);
    if (setting === undefined) return undefined;
    const { key, value } = setting;
    const isWhole = typeof value === 'number' && Number.isInteger(value);
    if (isWhole && value >= least && value <= most) return value;
    const range = `a whole number from ${least} to ${most}`;
    throw invalid(`${key} must be ${range}, not ${JSON.stringify(value)}`);
  };
  const text = (name: SettingName): string | null => {
    const { key, value } = settings.get(name) ?? { key: name, value: null };
    if (value === null || (typeof value === 'string' && value !== '')) return value;
    throw invalid(`${key} must be a string that is not empty`);
  };
  if (condition !== undefined && condition !== null && typeof condition !== 'string') {
    throw invalid('condition_function_id must be a string');
  }
  const deadLetterTopic = text('deadLetterTopic');
  if (deadLetterTopic === topic) {
    throw invalid(
      'dead_letter_topic must be another topic: each dead message would come back here',
    );
  }
  const type = readType(settings.get('type')?.value ?? 'standard');
  const groupField = text('groupField');
  const name = subscriptionQueue(topic, functionId);
  const defaults = defaultPolicy(name);
  const policy: QueuePolicy = {
    ...defaults,
    type,
    maxAttempts: Math.max(1, whole('maxRetries', 0, LIMITS.maxAttempts) ?? defaults.maxAttempts),
    backoffMs: whole('backoffMs', 0, LIMITS.spanMs) ?? defaults.backoffMs,
    concurrency: whole('concurrency', 1, U32_MAX) ?? defaults.concurrency,
    groupField: type === 'fifo' ? groupField : null,
    groupConcurrency: whole('groupConcurrency', 1, U32_MAX) ?? defaults.groupConcurrency,
    timeoutMs: whole('timeoutMs', 1, LIMITS.spanMs) ?? null,
    ttlMs: whole('ttlMs', 1, LIMITS.spanMs) ?? null,
    deadLetterQueue: topic,
  };
  const subscription: Subscription = {
    topic,
    functionId,
    conditionFunctionId: typeof condition === 'string' && condition !== '' ? condition : null,
    deadLetterTopic,
    policy,
  };
  return { subscription, warnings };
}

function settingNamed(key: string): SettingName | undefined {
  return SETTINGS.find((name) => (SETTING_NAMES[name] as readonly string[]).includes(key));
}

/** What is said of members of a config that mean nothing there. */
function strayMembers(members: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(members)
    .filter((key) => !MEMBERS.includes(key))
    .map((key) =>
      settingNamed(key) === undefined
        ? meansNothing(key, MEMBERS)
        : `${key} means nothing here; it belongs into queue_config`,
    );
}

/** `concurrent` is what later documents of the original call `standard`. */
function readType(type: unknown): QueuePolicy['type'] {
  if (type === 'fifo') return 'fifo';
  if (type === 'standard' || type === 'concurrent') return 'standard';
  throw invalid(`type must be 'standard' or 'fifo', not ${JSON.stringify(type)}`);
}

function infrastructure(metadata: unknown): unknown {
  return asRecord(asRecord(metadata)['infrastructure'])['queue'];
}

function settingsIn(place: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof (value ?? {}) === 'object' && !Array.isArray(value)) return asRecord(value);
  throw invalid(`${place} must be an object`);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function invalid(message: string): IiiError {
  return new IiiError('INVALID_ARGUMENTS', message);
}
