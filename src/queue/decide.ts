import type { Random } from '../base/random.ts';
import { backoffDelayMs, limitDelayMs } from './backoff.ts';
import { cutError } from './job-error.ts';
import type { JobError, Lease, Outcome, QueuePolicy, Verdict } from './types.ts';

/** Error code with which a worker says that trying again is useless. */
const NON_RETRYABLE = 'non_retryable';
/** Error code with which a worker says when to try again. */
const RETRY_AFTER = 'retry_after';

/**
 * What becomes of a leased job. The only place that knows attempts, backoff and error kinds; stores
 * carry the verdict out.
 *
 * | outcome | attempt counts | verdict |
 * |---|---|---|
 * | completed | yes | complete |
 * | failed, timeout | yes | retry while attempts are left, else dead: `exhausted` |
 * | failed with `non_retryable` | yes | dead |
 * | interrupted | no | return; past `maxInterruptions` dead |
 * | not_started | no | return |
 * | expired | no | dead |
 *
 * @param now milliseconds since the epoch, the start of a retry's delay
 */
export function decide(
  outcome: Outcome,
  lease: Lease,
  policy: QueuePolicy,
  now: number,
  random: Random,
): Verdict {
  switch (outcome.kind) {
    case 'completed':
      return { kind: 'complete' };
    case 'failed':
      if (outcome.error.code === NON_RETRYABLE) {
        return dead('non_retryable', outcome.error, true);
      }
      return afterFailure(
        outcome.error,
        outcome.error.code === RETRY_AFTER ? outcome.retryAfterMs : null,
        lease,
        policy,
        now,
        random,
      );
    case 'timeout':
      return afterFailure(outcome.error, null, lease, policy, now, random);
    case 'interrupted':
      return lease.job.interruptions >= policy.maxInterruptions
        ? dead('interrupted', outcome.error, false)
        : { kind: 'return', countsInterruption: true };
    case 'not_started':
      return { kind: 'return', countsInterruption: false };
    case 'expired':
      return dead('expired', EXPIRED, false);
  }
}

const EXPIRED: JobError = {
  code: 'expired',
  message: 'The job was not started before its time to live ended.',
};

function afterFailure(
  error: JobError,
  retryAfterMs: number | null,
  lease: Lease,
  policy: QueuePolicy,
  now: number,
  random: Random,
): Verdict {
  const { overrides } = lease.job;
  if (lease.attempt >= (overrides.maxAttempts ?? policy.maxAttempts)) {
    return dead('exhausted', error, true);
  }
  if (retryAfterMs !== null) return { kind: 'retry', dueAt: now + limitDelayMs(retryAfterMs) };
  const settings = {
    backoffMs: overrides.backoffMs ?? policy.backoffMs,
    maxBackoffMs: policy.maxBackoffMs,
    jitter: policy.jitter,
  };
  return { kind: 'retry', dueAt: now + backoffDelayMs(lease.attempt, settings, random) };
}

function dead(
  reason: 'exhausted' | 'non_retryable' | 'interrupted' | 'expired',
  error: JobError,
  countsAttempt: boolean,
): Verdict {
  return { kind: 'dead', reason, error: cutError(error), countsAttempt };
}
