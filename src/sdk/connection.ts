import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { decodeEngineMessage, type EngineMessage } from '../protocol/client-frames.ts';
import type { WireError } from '../protocol/messages.ts';

/** First delay before connecting again, doubled each time up to the longest one. */
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** Share by which a delay is longer or shorter by chance, so that workers do not come back at once. */
const JITTER = 0.3;
/** Refusals that trying again soon does not change. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [401, 'it answered 401: not authenticated'],
  [403, 'it answered 403: this host or token is not allowed'],
]);

const HANDSHAKE_MS = 10_000;
const CLOSE_MS = 500;
const PING_EVERY_MS = 20_000;
/** Silence after which a connection counts as lost. */
const IDLE_MS = 60_000;

export interface ConnectionParts {
  readonly url: string;
  readonly token: Secret | null;
  readonly retryMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly onOpen: () => void;
  readonly onMessage: (message: EngineMessage) => void;
  /** An open connection is gone. */
  readonly onLost: (error: WireError) => void;
  /** An attempt to connect failed; the next one is planned. */
  readonly onRefused: (error: WireError) => void;
}

/** A connection that comes back by itself, until it is closed. Frames of one tick leave in one write. */
export class Connection {
  readonly #parts: ConnectionParts;
  #socket: WebSocket | undefined;
  #transport: Socket | undefined;
  #corked = false;
  #attempt = 0;
  #heardAt = 0;
  #cancelTimer: CancelTimer | undefined;
  #closed = false;
  /** Why the current socket failed, when that is known better than by its close code. */
  #failure: WireError | undefined;
  #onPong: (() => void)[] = [];

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open(): void {
    const { url, token } = this.#parts;
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: HANDSHAKE_MS,
      headers: token === null ? {} : { authorization: `Bearer ${token.reveal()}` },
    });
    this.#socket = socket;
    this.#failure = undefined;
    let opened = false;
    socket.on('upgrade', (response: IncomingMessage) => {
      this.#transport = response.socket;
    });
    socket.on('open', () => {
      opened = true;
      this.#attempt = 0;
      this.#heard();
      this.#beat();
      this.#parts.onOpen();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      this.#heard();
      if (!isBinary) this.#receive(data.toString('utf8'));
    });
    socket.on('ping', () => {
      this.#heard();
    });
    socket.on('pong', () => {
      this.#heard();
      for (const resolve of this.#onPong.splice(0)) resolve();
    });
    socket.on('error', (cause) => {
      this.#failure ??= { code: 'not_connected', message: messageOf(cause) };
    });
    socket.on('unexpected-response', (_request, response) => {
      this.#failure = refusal(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('close', (code, reason) => {
      this.#ended(opened, code, reason.toString());
    });
  }

  /** Only while it is open. */
  send(frame: string): void {
    this.#cork();
    this.#socket?.send(frame);
  }

  /** Resolves when the engine has taken everything that was sent, or the connection is gone. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isOpen) {
        resolve();
        return;
      }
      this.#onPong.push(resolve);
      this.#socket?.ping();
    });
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    const socket = this.#socket;
    if (socket === undefined || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(CLOSE_MS, () => {
        socket.terminate();
      });
      socket.once('close', () => {
        cancel();
        resolve();
      });
      socket.close(1000);
    });
  }

  #cork(): void {
    const transport = this.#transport;
    if (this.#corked || transport === undefined) return;
    this.#corked = true;
    transport.cork();
    process.nextTick(() => {
      this.#corked = false;
      transport.uncork();
    });
  }

  #receive(text: string): void {
    const message = decodeEngineMessage(text);
    if (message.kind === 'dropped') return;
    if (message.kind === 'error') this.#failure = message.error;
    else this.#parts.onMessage(message);
  }

  #heard(): void {
    this.#heardAt = this.#parts.clock.now();
  }

  #beat(): void {
    this.#cancelTimer = this.#parts.clock.after(PING_EVERY_MS, () => {
      if (this.#parts.clock.now() - this.#heardAt >= IDLE_MS) {
        this.#failure = { code: 'connection_lost', message: `nothing came for ${IDLE_MS} ms` };
        this.#socket?.terminate();
        return;
      }
      this.#socket?.ping();
      this.#beat();
    });
  }

  #ended(opened: boolean, code: number, reason: string): void {
    const { clock, random, retryMs = RETRY_MS, onLost, onRefused } = this.#parts;
    this.#cancelTimer?.();
    this.#transport = undefined;
    for (const resolve of this.#onPong.splice(0)) resolve();
    const error = this.#failure ?? {
      code: opened ? 'connection_lost' : 'not_connected',
      message: `it was closed with code ${code}${reason === '' ? '' : ` (${reason})`}`,
    };
    if (!this.#closed) {
      const delay = Math.min(MAX_RETRY_MS, retryMs * 2 ** this.#attempt);
      this.#attempt += 1;
      const jitter = 1 + JITTER * (2 * random.fraction() - 1);
      this.#cancelTimer = clock.after(delay * jitter, () => {
        this.open();
      });
    }
    if (opened) onLost(error);
    else onRefused(error);
  }
}

function refusal(status: number): WireError {
  const known = REFUSALS.get(status);
  return known === undefined
    ? { code: 'not_connected', message: `something else answers there, with HTTP status ${status}` }
    : { code: 'AUTH_ERROR', message: known };
}
