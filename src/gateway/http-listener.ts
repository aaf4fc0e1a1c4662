import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { bind } from './listener.ts';
import { answerUnreadable, refuseWithoutHost } from './refused-request.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const HEADERS_TIMEOUT_MS = 10_000;
/** Time a client has to send a whole request. */
const REQUEST_TIMEOUT_MS = 60_000;
const CHECK_INTERVAL_MS = 1_000;
const KEEP_ALIVE_MS = 30_000;

export interface HttpListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly handle: RequestListener;
  /** Whether a client that asks first (`Expect: 100-continue`) shall send the body of its request. */
  readonly wantsBody: (request: IncomingMessage) => boolean;
  /** Time that open requests get to be answered when it stops. */
  readonly graceMs: number;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The server of HTTP triggers: sockets and their limits; what a request means is its handler's. */
export class HttpListener implements Service {
  readonly #options: HttpListenerOptions;
  #servers: readonly Server[] = [];
  #port: number | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
  }

  /** @throws IiiError `PORT_IN_USE` or `CONFIG_INVALID` */
  async start(): Promise<void> {
    if (this.#port !== undefined) return;
    const { host, port, log } = this.#options;
    const bound = await bind({
      host,
      port,
      purpose: { port: 'HTTP port', flag: '--http-port' },
      createServer: () => createHttpServer(this.#options),
      log,
    });
    this.#servers = bound.servers;
    this.#port = bound.port;
  }

  /** Takes no new connections, lets open requests be answered within the grace, cuts the rest. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Where it listens. @throws IiiError `UNAVAILABLE` when it does not */
  address(): { readonly host: string; readonly port: number } {
    if (this.#port === undefined) throw new IiiError('UNAVAILABLE', 'HTTP triggers are not served');
    return { host: this.#options.host, port: this.#port };
  }

  async #close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    this.#port = undefined;
    const cancel = this.#options.clock.after(this.#options.graceMs, () => {
      for (const server of servers) server.closeAllConnections();
    });
    await Promise.all(servers.map((server) => finish(server)));
    cancel();
  }
}

function createHttpServer({ handle, wantsBody }: HttpListenerOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
      requireHostHeader: false,
    },
    (request, response) => {
      if (!refuseWithoutHost(request, response)) handle(request, response);
    },
  );
  server.on('checkContinue', (request, response) => {
    if (wantsBody(request)) response.writeContinue();
    // nobody knows whether the client sends the body nevertheless, or its next request
    else response.setHeader('connection', 'close');
    server.emit('request', request, response);
  });
  server.maxHeadersCount = MAX_HEADERS;
  answerUnreadable(server);
  return server;
}

/** Waits until every open request is answered; connections that wait for a next one are closed. */
async function finish(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.prependListener('request', (_request, response) => {
      response.setHeader('Connection', 'close');
    });
  });
}
