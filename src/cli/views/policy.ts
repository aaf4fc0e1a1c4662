import { formatDuration } from '../../base/duration.ts';
import type { QueueDetail } from '../../admin/contract.ts';
import { textWidth } from '../output/width.ts';
import { wrap } from '../output/wrap.ts';

type QueuePolicy = QueueDetail['config'];

/** The settings of a queue as one sentence: `fifo by transaction_id, up to 10 attempts, …`. */
export function describePolicy(policy: QueuePolicy): string {
  return [
    policy.type === 'fifo' ? `fifo by ${policy.groupField ?? '?'}` : 'standard',
    policy.maxAttempts === 1 ? '1 attempt' : `up to ${policy.maxAttempts} attempts`,
    describeConcurrency(policy),
    ...(policy.maxAttempts === 1 ? [] : [describeBackoff(policy)]),
    ...(policy.timeoutMs === null ? [] : [`${formatDuration(policy.timeoutMs)} per attempt`]),
    ...(policy.ttlMs === null ? [] : [`expires after ${formatDuration(policy.ttlMs)}`]),
    ...(policy.rateLimit === null
      ? []
      : [`at most ${policy.rateLimit.max} per ${formatDuration(policy.rateLimit.perMs)}`]),
    ...(policy.deadLetterQueue === policy.name ? [] : [`dead jobs in ${policy.deadLetterQueue}`]),
  ].join(', ');
}

/** Narrower than this settings beside a name cannot be read, and stand below it. */
const LEAST_COLUMNS = 30;
const GAP = 2;

/** Queues and their settings, as lines that are no wider than this unless a name is. */
export function policyLines(
  policies: readonly QueuePolicy[],
  columns = Number.POSITIVE_INFINITY,
): readonly string[] {
  const width = Math.max(...policies.map(({ name }) => textWidth(name)));
  const isBeside = columns - width - GAP >= LEAST_COLUMNS;
  const indent = ' '.repeat(isBeside ? width + GAP : GAP);
  return policies.flatMap((policy) => {
    const [first = '', ...rest] = wrap(describePolicy(policy), columns - indent.length).split('\n');
    const below = rest.map((line) => indent + line);
    if (!isBeside) return [policy.name, indent + first, ...below];
    return [policy.name + indent.slice(textWidth(policy.name)) + first, ...below];
  });
}

function describeConcurrency(policy: QueuePolicy): string {
  if (policy.type === 'standard') return `${policy.concurrency} at a time`;
  const groups = Math.min(policy.groupConcurrency, policy.concurrency);
  return groups === 1 ? '1 at a time' : `${groups} groups at a time`;
}

/** The first delays, as they will be: doubling, up to the cap. */
function describeBackoff(policy: QueuePolicy): string {
  const retries = policy.maxAttempts - 1;
  const delays: string[] = [];
  for (let retry = 0; retry < Math.min(retries, 3); retry++) {
    const delay = Math.min(
      policy.backoffMs * 2 ** retry,
      policy.maxBackoffMs ?? Number.POSITIVE_INFINITY,
    );
    delays.push(formatDuration(delay));
  }
  const more = retries > delays.length ? ' …' : '';
  const cap =
    more !== '' && policy.maxBackoffMs !== null
      ? ` up to ${formatDuration(policy.maxBackoffMs)}`
      : '';
  const jitter = policy.jitter === 0 ? '' : ` (${Math.round(policy.jitter * 100)}% random)`;
  return `backoff ${delays.join(', ')}${more}${cap}${jitter}`;
}
