import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { isAllowed } from '../engine/access.ts';
import { type AcceptRules, checkOrigin, tokenOf } from './accept.ts';
import type { Authenticator } from './authenticator.ts';

/** What is shown at `/metrics`. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

export interface MetricsRequestParts {
  readonly rules: AcceptRules;
  readonly authenticator: Authenticator;
  readonly page: MetricsPage;
  readonly log: Logger;
}

/** Whether a request asks for metrics. */
export function asksForMetrics({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && url.split('?', 1)[0] === '/metrics';
}

/**
 * Answers with the metrics: to whom may read, when the engine has tokens, and to nobody whose `Host` or
 * `Origin` is not allowed.
 */
export async function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  { rules, authenticator, page, log }: MetricsRequestParts,
): Promise<void> {
  if (checkOrigin(request.headers, rules) !== null) {
    end(response, 403);
    return;
  }
  const address = request.socket.remoteAddress ?? 'unknown';
  const admission = authenticator.admit(tokenOf(request.headers), 'worker', address);
  if (admission.kind === 'open' && !isAllowed(admission.token?.role ?? null, 'read')) {
    end(response, 403);
  } else if (admission.kind === 'open') {
    try {
      const text = await page.text();
      response.writeHead(200, { 'content-type': page.contentType }).end(text);
    } catch (thrown) {
      log.error('metrics could not be read', { error: messageOf(thrown) });
      end(response, 500);
    }
  } else if (admission.kind === 'refused' && admission.status !== 401) {
    end(response, admission.status);
  } else {
    end(response, 401, { 'www-authenticate': 'Bearer' });
  }
}

function end(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-length': 0, ...headers }).end();
}
