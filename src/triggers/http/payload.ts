import type { IncomingMessage } from 'node:http';
import type { ChannelRef } from '../../engine/channels.ts';
import type { Route } from './routes.ts';

/** What functions are told about a request, as JSON texts that are put together per call. */
export class RequestPayload {
  readonly #head: string;
  readonly #parts: string;
  readonly #method: string;

  /** `body` is JSON text and carried unread. */
  constructor(
    request: IncomingMessage,
    route: Route,
    params: Readonly<Record<string, string>>,
    query: string,
    body: string,
  ) {
    const path = JSON.stringify(route.path);
    const method = JSON.stringify(request.method);
    const parts =
      `"query_params":${queryText(query)},"path_params":${JSON.stringify(params)}` +
      `,"headers":${headersText(request)}`;
    this.#parts = parts;
    this.#method = method;
    this.#head =
      `{${parts},"path":${path},"method":${method},"body":${body}` +
      `,"trigger":{"type":"http","path":${path},"method":"${route.method}"}`;
  }

  /** For the handler. */
  withChannels(requestBody: ChannelRef, response: ChannelRef): string {
    return `${this.#head},"request_body":${refText(requestBody)},"response":${refText(response)}}`;
  }

  /** For conditions. */
  withoutChannels(): string {
    return `${this.#head}}`;
  }

  /** For middleware. */
  forMiddleware(): string {
    const description = `{${this.#parts},"method":${this.#method}}`;
    return `{"phase":"preHandler","request":${description},"context":{}}`;
  }
}

/** Ids and keys are UUIDs: nothing in them has to be escaped. */
function refText({ channel_id, access_key, direction }: ChannelRef): string {
  return `{"channel_id":"${channel_id}","access_key":"${access_key}","direction":"${direction}"}`;
}

/** Of a name that comes twice, the last value. */
function queryText(query: string): string {
  return query === '' ? '{}' : JSON.stringify(Object.fromEntries(new URLSearchParams(query)));
}

/** Names in lower case, one string each; only `set-cookie` may come as a list. */
function headersText({ headers }: IncomingMessage): string {
  const cookies = headers['set-cookie'];
  return JSON.stringify(
    cookies === undefined ? headers : { ...headers, 'set-cookie': cookies.join(', ') },
  );
}
