import { IiiError, messageOf } from '../../base/errors.ts';
import { storeUnreachable } from '../../queue/store-unreachable.ts';

/** What a first word of an answer of Redis means, and what to do. */
const CAUSES: Readonly<Record<string, { readonly cause: string; readonly hint: string }>> = {
  OOM: {
    cause: 'its memory limit is reached',
    hint: 'raise maxmemory, or let workers catch up: it is accepted again as soon as there is room',
  },
  MISCONF: {
    cause: 'it cannot write its snapshot to disk and takes no changes',
    hint: 'look at the disk of the Redis server and at its log',
  },
  READONLY: {
    cause: 'it is a replica and takes no changes',
    hint: 'point redis_url at the primary; after a failover this ends by itself',
  },
  LOADING: { cause: 'it is still loading its data', hint: 'this ends by itself' },
  MASTERDOWN: { cause: 'it has lost its primary', hint: 'this ends with the failover' },
  BUSY: { cause: 'a script of somebody else keeps it busy', hint: 'see SCRIPT KILL' },
  NOAUTH: { cause: 'it asks for a password', hint: 'put it into redis_url' },
  WRONGPASS: { cause: 'it refuses the user or the password', hint: 'correct redis_url' },
  NOPERM: {
    cause: 'the user of redis_url may not do that',
    hint: 'docs/scaling.md lists the commands and keys that it needs',
  },
  CROSSSLOT: { cause: 'it is a cluster', hint: 'use a single primary, with replicas if wanted' },
  MOVED: { cause: 'it is a cluster', hint: 'use a single primary, with replicas if wanted' },
};

/** What the library says of a connection that broke, in the words of its own settings. */
const BROKEN = /^(Stream isn't writeable|Reached the max retries|Connection is closed)/;

/** Why a node of a Redis cluster is not used. */
export function clusterRefused(place: string): IiiError {
  return new IiiError('STORE_FAILED', `Redis at ${place} is a node of a Redis cluster.`, {
    reason:
      'Jobs of several queues are accepted in one step, which a cluster cannot do over its slots.',
    hint: 'Point redis_url at a Redis with cluster-enabled no: a primary, with replicas if wanted.',
  });
}

/** Why an engine does not go on with another database than it was told to use. */
export function databaseRefused(place: string, answer: string): IiiError {
  return new IiiError('STORE_FAILED', `Redis at ${place}: its database cannot be used.`, {
    reason: `Redis says: ${answer}`,
    hint: 'Correct the number behind redis_url: there are as many as `databases` of Redis says, 16 unless set. A user of an ACL needs +select.',
  });
}

/** Something that Redis did not do, or did not say that it did. */
export class RedisFailure extends Error {
  override readonly name = 'RedisFailure';
  /** Whether it may have been done all the same: the answer is missing, not negative. */
  readonly uncertain: boolean;
  /** Whether the connection was lost on the way. */
  readonly connectionLost: boolean;
  /** Whether Redis itself said no: it is there. */
  readonly answered: boolean;
  readonly hint: string;

  constructor(
    message: string,
    facts: { uncertain: boolean; lost: boolean; answered: boolean; hint: string },
  ) {
    super(message);
    this.answered = facts.answered;
    this.uncertain = facts.uncertain;
    this.connectionLost = facts.lost;
    this.hint = facts.hint;
  }
}

/**
 * What a failed command means.
 * @param place where Redis is, without secrets
 * @param sent whether the command may have reached it
 */
export function failureOf(thrown: unknown, place: string, sent: boolean): RedisFailure {
  const message = messageOf(thrown);
  const word = /^[A-Z]+/.exec(message)?.[0] ?? '';
  const known = CAUSES[word];
  // what Redis says while a connection is made reaches us without its type
  if (known !== undefined || (thrown instanceof Error && thrown.name === 'ReplyError')) {
    return new RedisFailure(`Redis at ${place}: ${known?.cause ?? message}`, {
      uncertain: false,
      lost: false,
      answered: true,
      hint: known?.hint ?? 'see the message of Redis',
    });
  }
  const timedOut = message.includes('timed out');
  const why = BROKEN.test(message) ? 'the connection was lost' : message;
  return new RedisFailure(
    timedOut ? `Redis at ${place} does not answer` : `Redis at ${place} cannot be reached: ${why}`,
    {
      uncertain: sent,
      lost: !timedOut,
      answered: false,
      hint: 'it is connected again as soon as Redis is back; look at its log and at redis_url',
    },
  );
}

/** What the engine is told: trying again later is worth it. */
export function unavailable(thrown: RedisFailure): IiiError;
export function unavailable(thrown: unknown): unknown;
export function unavailable(thrown: unknown): unknown {
  if (!(thrown instanceof RedisFailure)) return thrown;
  return new IiiError('UNAVAILABLE', thrown.message, {
    hint: thrown.hint,
    details: { retryable: true, ...(thrown.uncertain && { uncertain: true }) },
    cause: thrown,
  });
}

/** What the engine is told that could not open its store: it ends then. */
export function openFailed(thrown: unknown): unknown {
  if (!(thrown instanceof RedisFailure)) return thrown;
  const { message, hint, answered } = thrown;
  return answered
    ? new IiiError('STORE_FAILED', message, { hint, cause: thrown })
    : storeUnreachable(message, 'redis_url', thrown);
}
