import type { IncomingMessage } from 'node:http';
import type { ChannelRef } from '../../engine/channels.ts';
import type { Route } from './routes.ts';

/** What functions are told about a request, as JSON texts that are put together per call. */
export class RequestPayload {
  readonly #request: IncomingMessage;
  readonly #route: Route;
  readonly #params: Readonly<Record<string, string>>;
  readonly #query: string;
  readonly #body: string;
  #members: string | undefined;

  /** `body` is JSON text and carried unread. */
  constructor(
    request: IncomingMessage,
    route: Route,
    params: Readonly<Record<string, string>>,
    query: string,
    body: string,
  ) {
    this.#request = request;
    this.#route = route;
    this.#params = params;
    this.#query = query;
    this.#body = body;
  }

  /** For the handler. */
  withChannels(requestBody: ChannelRef, response: ChannelRef): string {
    return `{${this.#whole()},"request_body":${refText(requestBody)},"response":${refText(response)}}`;
  }

  /** For conditions. */
  withoutChannels(): string {
    return `{${this.#whole()}}`;
  }

  /** For middleware. */
  forMiddleware(): string {
    const description = `{${this.#common()},"method":${JSON.stringify(this.#request.method)}}`;
    return `{"phase":"preHandler","request":${description},"context":{}}`;
  }

  #whole(): string {
    const path = JSON.stringify(this.#route.path);
    return (
      `${this.#common()},"path":${path},"method":${JSON.stringify(this.#request.method)}` +
      `,"body":${this.#body},"trigger":{"type":"http","path":${path},"method":"${this.#route.method}"}`
    );
  }

  /** What all of them are told. */
  #common(): string {
    this.#members ??=
      `"query_params":${queryText(this.#query)},"path_params":${JSON.stringify(this.#params)}` +
      `,"headers":${headersText(this.#request)}`;
    return this.#members;
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
