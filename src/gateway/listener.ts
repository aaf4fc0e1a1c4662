import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { IiiError, messageOf } from '../base/errors.ts';

export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const CHECK_INTERVAL_MS = 1_000;

/** An HTTP server that does nothing but upgrade; a plain request is answered 426, without a body. */
export function createUpgradeServer(handshakeTimeoutMs: number, onUpgrade: OnUpgrade): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    askForUpgrade,
  );
  server.maxHeadersCount = MAX_HEADERS;
  server.on('upgrade', onUpgrade);
  return server;
}

function askForUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  const headers = { Connection: 'Upgrade, close', Upgrade: 'websocket', 'Content-Length': 0 };
  response.writeHead(426, headers).end();
}

/**
 * Binds a server. `onError` is told of what goes wrong later, such as a connection that could not be
 * accepted because too many files are open.
 * @returns the port, chosen by the system when 0 was asked for
 * @throws IiiError `PORT_IN_USE`, or `CONFIG_INVALID` for a host that is not this machine's
 */
export async function listen(
  server: Server,
  host: string,
  port: number,
  onError: (error: Error) => void,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => reject(explain(cause, host, port));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail).on('error', onError);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

function explain(cause: NodeJS.ErrnoException, host: string, port: number): IiiError {
  const details = { host, port };
  switch (cause.code) {
    case 'EADDRINUSE':
      return new IiiError('PORT_IN_USE', `port ${port} on ${host} is in use`, {
        reason: 'another program listens there, perhaps another engine',
        hint: 'stop the other one, or take a free port: iii serve --port 0',
        details,
        cause,
      });
    case 'EACCES':
      return new IiiError('PORT_IN_USE', `port ${port} on ${host} may not be opened by this user`, {
        reason: 'the system keeps this port for others; those below 1024 are usually root’s',
        hint: 'take a free port: iii serve --port 0',
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
