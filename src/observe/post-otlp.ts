import { messageOf } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Secret } from '../base/secret.ts';
import type { Sent, SendOtlp } from './otlp-exporter.ts';
import type { Signal } from './otlp-json.ts';

const TIMEOUT_MS = 10_000;
/** Answers of OTLP over HTTP that mean: try again. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];

export interface OtlpTarget {
  /** Full URL by signal. */
  readonly urls: Readonly<Record<Signal, string>>;
  /** Sent along with every request. */
  readonly headers: ReadonlyMap<string, Secret>;
}

/** Posts OTLP/JSON to a collector. Redirects are not followed: the headers are for this address only. */
export function postOtlp({ urls, headers }: OtlpTarget, clock: Clock): SendOtlp {
  const revealed = [...headers].map(([name, value]): [string, string] => [name, value.reveal()]);
  return async (signal, body, abort) => {
    const timeout = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => {
      timeout.abort(new Error(`no answer within ${TIMEOUT_MS} ms`));
    });
    try {
      const response = await fetch(urls[signal], {
        method: 'POST',
        headers: [...revealed, ['content-type', 'application/json']],
        body,
        redirect: 'manual',
        signal: AbortSignal.any([abort, timeout.signal]),
      });
      // nothing in it is of use, and a connection is free again only when it was read
      await response.body?.cancel();
      return sentOf(response.status, response.headers.get('retry-after'));
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown.cause : undefined;
      return { kind: 'later', reason: messageOf(cause ?? thrown), afterMs: null };
    } finally {
      cancel();
    }
  };
}

function sentOf(status: number, retryAfter: string | null): Sent {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const reason = `the collector answered ${status}`;
  if (!RETRYABLE.includes(status)) return { kind: 'refused', reason };
  const seconds = Number(retryAfter ?? Number.NaN);
  return { kind: 'later', reason, afterMs: Number.isFinite(seconds) ? seconds * 1_000 : null };
}
