import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHostAllowed, type HostRules } from '../../base/host-header.ts';
import { messageOf } from '../../base/errors.ts';
import type { Binding, TriggerType } from '../../engine/bindings.ts';
import { warnOfStray } from '../config.ts';
import { errorReply, type Reply, sendReply } from './answer.ts';
import { isTooLarge } from './body.ts';
import { allowOrigin, answerPreflight, type CorsRules, isForeignChange } from './browser.ts';
import { Exchange, type ExchangeParts } from './exchange.ts';
import { readRoute, ROUTE_MEMBERS, Routes, type Route } from './routes.ts';

export interface HttpTriggerOptions extends ExchangeParts {
  readonly rules: HostRules & { readonly allowedOrigins: readonly string[] };
  /** Requests answered at the same time; more are turned away. */
  readonly maxConcurrent: number;
  /** `null`: no page of another origin may read answers or change anything. */
  readonly cors: CorsRules | null;
}

/** The trigger type `http`: routes that come and go with their triggers, and what answers them. */
export class HttpTriggers implements TriggerType {
  readonly id = 'http';
  readonly description = 'Answers HTTP requests to a path with what the function returns';
  readonly #options: HttpTriggerOptions;
  readonly #routes = new Routes();
  readonly #byBinding = new Map<Binding, Route>();
  #open = 0;
  /** The `Host` that was allowed last: clients keep asking for the same one. */
  #knownHost: string | undefined;

  constructor(options: HttpTriggerOptions) {
    this.#options = options;
  }

  bind(binding: Binding, warn: (warning: string) => void): void {
    const route = readRoute(binding);
    if (route.queue !== null) this.#options.enqueuer.policyOf(route.queue);
    warnOfStray(binding, ROUTE_MEMBERS, warn, this.#options.log);
    const previous = this.#routes.add(route);
    this.#byBinding.set(binding, route);
    if (previous === undefined || previous.binding.functionId === binding.functionId) return;
    this.#options.log.warn('a route is answered by another function now', {
      method: route.method,
      path: route.path,
      before: previous.binding.functionId,
      now: binding.functionId,
    });
  }

  unbind(binding: Binding): void {
    const route = this.#byBinding.get(binding);
    if (route === undefined) return;
    this.#byBinding.delete(binding);
    this.#routes.remove(route);
  }

  /** Answers one request. Never throws. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const { log, maxConcurrent } = this.#options;
    // a client that is gone is no failure of ours
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    this.#open += 1;
    response.on('close', () => {
      this.#open -= 1;
    });
    const method = request.method ?? '';
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      sendReply(response, refusal);
      return;
    }
    const { cors } = this.#options;
    allowOrigin(response, request.headers, cors);
    if (this.#open > maxConcurrent) {
      const message = `${maxConcurrent} requests are being answered already`;
      const headers = [['retry-after', '1']] as const;
      sendReply(response, errorReply(503, { code: 'OVERLOADED', message }, {}, headers));
      return;
    }
    if (answerPreflight(response, method, request.headers, cors)) return;
    this.#route(request, response).catch((thrown: unknown) => {
      log.error('handling an HTTP request failed', { error: messageOf(thrown) });
      response.destroy();
    });
  };

  /** Whether the body of a request would be read; otherwise `handle` refuses it unseen. */
  readonly wantsBody = (request: IncomingMessage): boolean => !isTooLarge(request);

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query] = splitTarget(request.url ?? '');
    const match = this.#routes.find(request.method ?? '', path);
    switch (match.kind) {
      case 'none':
        sendReply(response, errorReply(404, { code: 'NOT_FOUND', message: 'Not Found' }));
        return;
      case 'other_method': {
        const allowed = match.allowed.join(', ');
        const message = `this path is there for ${allowed}`;
        const headers = [['allow', allowed]] as const;
        sendReply(response, errorReply(405, { code: 'METHOD_NOT_ALLOWED', message }, {}, headers));
        return;
      }
      case 'route': {
        const { route, params } = match;
        await new Exchange({ request, response, route, params, query }, this.#options).run();
      }
    }
  }

  /** What a browser on a foreign page may be used for, and what not. */
  #refusalOf({ method = '', headers }: IncomingMessage): Reply | undefined {
    const { rules, cors } = this.#options;
    const host = headers.host ?? '';
    if (host !== this.#knownHost && !isHostAllowed(host, rules)) {
      const message = 'this engine does not answer to that Host; add the name to allowed_hosts';
      return errorReply(403, { code: 'FORBIDDEN', message });
    }
    this.#knownHost = host;
    if (isForeignChange(method, headers, rules.allowedOrigins, cors)) {
      const message = 'pages of another origin may not do this; cors.allowed_origins can allow it';
      return errorReply(403, { code: 'FORBIDDEN', message });
    }
    return undefined;
  }
}

/** Path and query of a request target, not decoded. */
function splitTarget(target: string): readonly [path: string, query: string] {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
  const hash = local.indexOf('#');
  const before = hash === -1 ? local : local.slice(0, hash);
  const at = before.indexOf('?');
  const path = at === -1 ? before : before.slice(0, at);
  const query = at === -1 ? '' : before.slice(at + 1);
  return [path.startsWith('/') ? path : `/${path}`, query];
}
