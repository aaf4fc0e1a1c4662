import type { HttpAuth, HttpCaller } from '../engine/http-functions.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';

const TIMEOUT_MS = 10_000;
/** What a receiver sees as `x-iii-Function-Path`. */
const SENDER = 'iii::alert';

export interface NoticeTarget {
  readonly url: Secret;
  readonly auth: HttpAuth | null;
}

/**
 * Posts notices as JSON to a URL that the operator wrote.
 * @returns the call that sends one: it answers why it was not taken, `null` when it was, and never
 *   rejects
 */
export function postNotice(
  caller: HttpCaller,
  random: Random,
  { url, auth }: NoticeTarget,
): (body: string, signal: AbortSignal) => Promise<string | null> {
  return async (data, signal) => {
    const answer = await caller.call(
      { url: url.reveal(), method: 'POST', timeoutMs: TIMEOUT_MS, headers: {}, auth },
      {
        ...{ functionId: SENDER, invocationId: random.uuid(), data },
        ...{ traceparent: null, baggage: null },
      },
      signal,
    );
    if (answer.kind === 'result') return null;
    if (answer.kind === 'lost') return 'the receiver went away';
    const { code, message } = answer.error;
    // it was taken; that the receiver says so in words of its own is no failure
    return code === 'invalid_response' ? null : `${code}: ${message}`;
  };
}
