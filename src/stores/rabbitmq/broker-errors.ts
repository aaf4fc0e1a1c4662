import { IiiError, messageOf } from '../../base/errors.ts';

/** What went wrong with one publish. `unroutable`: the queue is not there. */
export type PublishFailure = 'unroutable' | 'refused' | 'lost';

/** A publish that the broker did not confirm; what was published may be there all the same unless it was unroutable. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly failure: PublishFailure;

  constructor(failure: PublishFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/**
 * The broker cannot take anything now; the same call may succeed later.
 * @param uncertain whether it may have taken it all the same
 */
export function brokerUnavailable(location: string, reason: string, uncertain = false): IiiError {
  return new IiiError('UNAVAILABLE', `RabbitMQ at ${location} takes nothing now: ${reason}`, {
    hint: 'Try again when it is back; the engine connects again by itself.',
    details: { retryable: true, ...(uncertain && { uncertain }) },
  });
}

/** What was thrown while talking to the broker, as an error for people. */
export function asUnavailable(location: string, thrown: unknown): IiiError {
  if (thrown instanceof IiiError) return thrown;
  const isUncertain = thrown instanceof PublishError && thrown.failure === 'lost';
  return brokerUnavailable(location, messageOf(thrown), isUncertain);
}

/** The AMQP reply code of an error of the client, such as `PRECONDITION_FAILED`. */
export function replyCodeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** Why there is no connection, for people: the client names neither the user nor what is wrong with it. */
export function connectError(thrown: unknown): string {
  const isRefused = replyCodeOf(thrown) === 'ACCESS_REFUSED';
  return isRefused ? 'it refuses the user or the password' : messageOf(thrown);
}

/** Where the broker is, for people. */
export function withoutPassword(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
