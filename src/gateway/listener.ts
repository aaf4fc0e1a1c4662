import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { IiiError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const CHECK_INTERVAL_MS = 1_000;

/** An HTTP server that is there to upgrade; plain requests are for `onRequest`. */
export function createUpgradeServer(
  handshakeTimeoutMs: number,
  onUpgrade: OnUpgrade,
  onRequest: RequestListener = askForUpgrade,
): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    onRequest,
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.on('upgrade', onUpgrade);
  return server;
}

/** Answers a plain request with 426, without a body. */
export function askForUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  const headers = { Connection: 'Upgrade, close', Upgrade: 'websocket', 'Content-Length': 0 };
  response.writeHead(426, headers).end();
}

/** What a listener is for, in messages about its port. */
export interface Purpose {
  /** Such as `port`. */
  readonly port: string;
  /** Option of `iii serve` that takes another port. */
  readonly flag: string;
}

export interface Binding {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly purpose: Purpose;
  readonly createServer: () => Server;
  readonly log: Logger;
}

/** The servers of one listener and the port they share. */
export interface Bound {
  readonly port: number;
  readonly servers: readonly Server[];
}

/**
 * Binds a host; of loopback both addresses, since `localhost` may mean one of the two only and
 * clients may then try the other.
 * @throws IiiError `PORT_IN_USE`, or `CONFIG_INVALID` for a host that is not this machine's
 */
export async function bind(binding: Binding): Promise<Bound> {
  const { host, log } = binding;
  const isLoopback = host === '127.0.0.1' || host === 'localhost';
  const first = binding.createServer();
  const port = await listen(first, isLoopback ? '127.0.0.1' : host, binding.port, binding);
  if (!isLoopback) return { port, servers: [first] };
  const second = binding.createServer();
  try {
    await listen(second, '::1', port, binding);
  } catch (thrown) {
    log.info('not listening on ::1', { port, error: messageOf(thrown) });
    return { port, servers: [first] };
  }
  return { port, servers: [first, second] };
}

/** @returns the port, chosen by the system when 0 was asked for */
async function listen(
  server: Server,
  host: string,
  port: number,
  { purpose, log }: Binding,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      reject(explain(cause, host, port, purpose));
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      // later ones are connections that could not be accepted, such as for too many open files
      server.off('error', fail).on('error', (error) => {
        log.error('accepting a connection failed', { error: error.message });
      });
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function explain(
  cause: NodeJS.ErrnoException,
  host: string,
  port: number,
  purpose: Purpose,
): IiiError {
  const details = { host, port };
  const subject = `${purpose.port} ${port} on ${host}`;
  const free = `take a free port: iii serve ${purpose.flag} 0`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new IiiError('PORT_IN_USE', `${subject} is in use`, {
        reason: 'another program listens there, perhaps another engine',
        hint: `stop the other one, or ${free}`,
        details,
        cause,
      });
    case 'EACCES':
      return new IiiError('PORT_IN_USE', `${subject} may not be opened by this user`, {
        reason: 'the system keeps this port for others; those below 1024 are usually root’s',
        hint: free,
        details,
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new IiiError('CONFIG_INVALID', `this machine has no address ${host}`, {
        hint: 'listen on 127.0.0.1, or on an address that the machine has',
        details,
        cause,
      });
    default:
      return new IiiError('INTERNAL', `listening on ${host}:${port} failed: ${messageOf(cause)}`, {
        details,
        cause,
      });
  }
}

/** Stops listening and waits until every connection, upgraded or not, is gone. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
