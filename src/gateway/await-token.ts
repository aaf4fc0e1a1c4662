import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import { decodeText } from '../protocol/decode.ts';
import { encodeError } from '../protocol/encode.ts';
import type { GatewayLimits } from './limits.ts';
import type { SocketLink } from './socket-link.ts';
import type { AcceptedToken } from './tokens.ts';

const POLICY_VIOLATION = 1008;

/** What a refused peer may still send before it is cut off; enough for it to read why. */
const MAX_BYTES_AFTER_REFUSAL = 1024 * 1024;

export interface Unauthenticated {
  readonly webSocket: WebSocket;
  readonly socket: Duplex;
  readonly link: SocketLink;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  /** The entry of a token; `undefined` when it is wrong or may not be tried now. */
  readonly login: (token: string) => AcceptedToken | undefined;
  /** Called once, in the frame's own turn: the frames behind it are the session's. */
  readonly onAuthenticated: (token: AcceptedToken) => void;
}

/**
 * Waits for the first frame of a peer that came without a token. It has to be a valid `auth`, small
 * and soon; anything else ends the connection with `AUTH_ERROR` and code 1008.
 */
export function awaitToken(peer: Unauthenticated): void {
  const { webSocket, socket, link, limits } = peer;
  let bytes = 0;
  let isRefused = false;
  let isOver = false;

  const stop = (): void => {
    isOver = true;
    cancelTimeout();
    webSocket.off('message', receive);
    socket.off('data', count);
  };
  const refuse = (message: string): void => {
    if (isRefused) return;
    isRefused = true;
    link.send(encodeError('AUTH_ERROR', message));
    link.close(POLICY_VIOLATION, 'not authenticated');
  };
  const receive = (data: unknown, isBinary: boolean): void => {
    if (isRefused) return;
    const fits = Buffer.isBuffer(data) && data.length <= limits.maxUnauthenticatedBytes;
    const message = fits && !isBinary ? decodeText(data.toString()) : undefined;
    if (message?.kind !== 'auth') {
      refuse('this engine needs a token: send it as the header Authorization: Bearer <token>');
      return;
    }
    const token = peer.login(message.token);
    if (token === undefined) {
      refuse('the token is not accepted');
      return;
    }
    stop();
    peer.onAuthenticated(token);
  };
  // Runs behind the listener of ws for the same data, so an `auth` frame has been handled by then.
  const count = (chunk: Buffer): void => {
    // a listener that is taken away still gets the data that is being given out
    if (isOver) return;
    bytes += chunk.length;
    if (bytes > MAX_BYTES_AFTER_REFUSAL) webSocket.terminate();
    else if (bytes > limits.maxUnauthenticatedBytes) refuse('too much was sent before a token');
  };
  const cancelTimeout = peer.clock.after(limits.authTimeoutMs, () => {
    refuse('no token came in time');
  });

  webSocket.on('message', receive);
  socket.on('data', count);
  webSocket.on('close', stop);
}
