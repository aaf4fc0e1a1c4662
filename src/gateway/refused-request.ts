import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Refusal {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

const UNREADABLE: Refusal = {
  status: '400 Bad Request',
  code: 'INVALID_REQUEST',
  message: 'this is not a request that HTTP allows',
};

const WITHOUT_HOST: Refusal = {
  ...UNREADABLE,
  message: 'HTTP/1.1 asks for a Host header, and this request has none',
};

/** By the code of the error that Node's server meets. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'HEADERS_TOO_LARGE',
    message: 'the headers are longer than 16 KiB',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'REQUEST_TIMEOUT',
    message: 'the request did not arrive in time',
  },
};

/**
 * Answers what is no request, or does not stay one to its end, with a body like that of every other
 * error. Where another answer is under way on the connection, it is cut instead: the two would run
 * together.
 */
export function answerUnreadable(server: Server): void {
  const open = new WeakMap<Duplex, Set<ServerResponse>>();
  server.on('request', ({ socket }, response) => {
    const responses = open.get(socket) ?? new Set();
    open.set(socket, responses.add(response));
    response.on('close', () => {
      responses.delete(response);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [response, ...others] = open.get(socket) ?? [];
    const isFree =
      response === undefined ||
      (others.length === 0 && !response.req.complete && !response.headersSent);
    if (!socket.writable || !isFree) {
      socket.destroy();
      return;
    }
    const refusal = REFUSALS[error.code ?? ''] ?? UNREADABLE;
    const body = bodyOf(refusal);
    socket.end(
      `HTTP/1.1 ${refusal.status}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}

/**
 * Answers a request without `Host` (RFC 9112 §3.2) with a body like that of every other error, which
 * Node's server would not give it; it has to leave the check to us for that.
 * @returns whether it was one
 */
export function refuseWithoutHost(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') return false;
  const body = bodyOf(WITHOUT_HOST);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  response.writeHead(400, headers).end(body);
  return true;
}

function bodyOf({ code, message }: Refusal): string {
  return JSON.stringify({ error: { code, message } });
}
