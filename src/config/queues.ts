import { LIMITS, QUEUE_DEFAULTS } from '../queue/limits.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { Findings, Spot } from './findings.ts';
import { readDuration } from './durations.ts';
import { QUEUE_KEYS, RATE_LIMIT_KEYS, RETENTION_KEYS } from './keys.ts';
import { entriesOf, readSection, type Section } from './section.ts';
import { SLO_KEYS } from './slo-keys.ts';
import { joinPath, type Tree, type TreeEntry } from './tree.ts';

type QueueSection = Section<typeof QUEUE_KEYS>;

const DEFAULT_QUEUE = 'default';

/** Keys that some stores have no answer for. */
const GAP_KEYS = [
  'ttl_ms',
  'rate_limit',
  'group_concurrency',
  'dead_letter_queue',
  'retention',
] as const;

/**
 * The queues of `queue_configs` that hold no error, in the order written, and always `default`.
 * @param gaps what their store cannot do
 */
export function readQueues(
  findings: Findings,
  tree: Tree | undefined,
  spot: Spot,
  gaps: StoreGaps,
): readonly QueuePolicy[] {
  const entries = entriesOf(findings, tree, spot, '`queue_configs`');
  const queues = entries
    .map((entry) => readQueue(findings, entry, spot.path, gaps))
    .filter((queue) => queue !== undefined);
  return entries.some(({ name }) => name === DEFAULT_QUEUE)
    ? queues
    : [defaultQueue(DEFAULT_QUEUE), ...queues];
}

/** A queue of which nothing but the name is written. */
export function defaultQueue(name: string): QueuePolicy {
  const { retainCompleted, maxRetries, ...rest } = QUEUE_DEFAULTS;
  return {
    ...rest,
    name,
    maxAttempts: maxRetries,
    groupField: null,
    maxBackoffMs: null,
    timeoutMs: null,
    ttlMs: null,
    rateLimit: null,
    deadLetterQueue: name,
    sloWaitP95Ms: null,
    retainCompleted,
  };
}

function readQueue(
  findings: Findings,
  { name, keyRange, value }: TreeEntry,
  parentPath: string,
  gaps: StoreGaps,
): QueuePolicy | undefined {
  const errorsBefore = findings.errors;
  const spot: Spot = { path: joinPath(parentPath, name), range: keyRange };
  checkName(findings, spot, name, 'The name of a queue');
  const section = readSection(findings, value, spot, QUEUE_KEYS, `queue \`${name}\``);
  const { values } = section;
  checkOrdering(findings, section);
  checkGaps(findings, section, gaps);
  if (section.has('retry_delay') && section.has('backoff_ms')) {
    findings.error(
      'conflicting_keys',
      section.keySpot('retry_delay'),
      '`retry_delay` is another name of `backoff_ms`, and both are here',
      'Keep `backoff_ms`.',
    );
  }
  if (values.dead_letter_queue !== null) {
    const target = section.valueSpot('dead_letter_queue');
    checkName(findings, target, values.dead_letter_queue, '`dead_letter_queue`');
  }
  const rateLimit = readRateLimit(findings, section);
  const sloWaitP95Ms = readSlo(findings, section);
  const retention = readSection(
    findings,
    values.retention,
    section.keySpot('retention'),
    RETENTION_KEYS,
    '`retention`',
  );
  if (findings.errors > errorsBefore || section.hasRejected) return undefined;
  const isFifo = values.type === 'fifo';
  return {
    name,
    type: values.type,
    maxAttempts: Math.max(1, values.max_retries),
    concurrency:
      isFifo && !section.has('concurrency')
        ? Math.max(values.concurrency, values.group_concurrency)
        : values.concurrency,
    groupField: isFifo ? values.message_group_field : null,
    groupConcurrency: values.group_concurrency,
    backoffMs: values.retry_delay ?? values.backoff_ms,
    maxBackoffMs: values.max_backoff_ms,
    jitter: values.jitter,
    timeoutMs: values.timeout_ms,
    maxInterruptions: values.max_interruptions,
    ttlMs: values.ttl_ms,
    rateLimit,
    deadLetterQueue: values.dead_letter_queue ?? name,
    pollIntervalMs: values.poll_interval_ms,
    sloWaitP95Ms,
    retainCompleted: retention.values.completed,
  };
}

/** What the store cannot do is refused, instead of being left out without a word. */
function checkGaps(findings: Findings, section: QueueSection, gaps: StoreGaps): void {
  for (const key of GAP_KEYS) {
    const reason = gaps[key];
    if (reason === undefined || !section.has(key) || section.values[key] === null) continue;
    findings.error(
      'store_cannot',
      section.keySpot(key),
      `The store of the jobs cannot do \`${key}\`: ${reason}`,
      'Remove the line, or choose another adapter.',
    );
  }
}

/** What FIFO needs, and what only FIFO has. */
function checkOrdering(findings: Findings, section: QueueSection): void {
  const { values } = section;
  if (section.isRejected('type')) return;
  if (values.type === 'fifo') {
    const field = values.message_group_field;
    if ((field === null || field === '') && !section.isRejected('message_group_field')) {
      findings.error(
        'missing_key',
        section.has('message_group_field')
          ? section.keySpot('message_group_field')
          : section.valueSpot('type'),
        'A `fifo` queue needs `message_group_field`',
        'Name the payload field whose value keeps jobs in order: message_group_field: account_id',
      );
    }
    const isCapped = section.has('concurrency') && values.concurrency < values.group_concurrency;
    if (isCapped) {
      findings.warn(
        'no_effect',
        section.keySpot('group_concurrency'),
        `\`concurrency: ${values.concurrency}\` allows fewer jobs at once than \`group_concurrency: ${values.group_concurrency}\` groups`,
        'Raise `concurrency`, or leave it out.',
      );
    }
    return;
  }
  for (const key of ['message_group_field', 'group_concurrency'] as const) {
    if (!section.has(key) || values[key] === null) continue;
    findings.warn(
      'no_effect',
      section.keySpot(key),
      `\`${key}\` changes nothing in a \`standard\` queue`,
      'Set `type: fifo`, or remove the line.',
    );
  }
}

function readRateLimit(findings: Findings, section: QueueSection): QueuePolicy['rateLimit'] {
  const tree = section.values.rate_limit;
  if (tree === null) return null;
  const { max, per_ms: perMs } = readSection(
    findings,
    tree,
    section.keySpot('rate_limit'),
    RATE_LIMIT_KEYS,
    '`rate_limit`',
  ).values;
  return max === undefined || perMs === undefined ? null : { max, perMs };
}

function readSlo(findings: Findings, section: QueueSection): number | null {
  const tree = section.values.slo;
  if (tree === null) return null;
  const slo = readSection(findings, tree, section.keySpot('slo'), SLO_KEYS, '`slo`');
  return slo.values.wait_p95 === undefined ? null : readDuration(findings, slo, 'wait_p95', 1);
}

/** Names travel in URLs, logs and terminals, and are typed by people. */
function checkName(findings: Findings, spot: Spot, name: string, what: string): void {
  const isLong = name.length > LIMITS.nameLength;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name !== '' && !isLong && !/[\u0000-\u001f\u007f-\u009f]/.test(name)) return;
  const why =
    name === '' ? 'is empty' : isLong ? `has ${name.length} characters` : 'has control characters';
  findings.error(
    'bad_name',
    spot,
    `${what} ${why}`,
    `Use 1 to ${LIMITS.nameLength} characters without control characters.`,
  );
}
