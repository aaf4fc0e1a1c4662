import { formatDuration } from '../../base/duration.ts';
import type { QueueDetail } from '../../admin/contract.ts';

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
