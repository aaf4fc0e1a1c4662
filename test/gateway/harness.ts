import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import { ManualClock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Channels } from '../../src/engine/channels.ts';
import type { ConnectionInfo, Link } from '../../src/engine/link.ts';
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import type { WorkerMessage } from '../../src/protocol/messages.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

export function recordLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write =
    (level: string) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      lines.push({ level, message, fields });
    };
  const log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  return { log, lines };
}

/** The engine's side of one connection, as a test sees it. */
export interface Opened {
  readonly link: Link;
  readonly info: ConnectionInfo;
  readonly messages: WorkerMessage[];
  readonly closed: Promise<void>;
}

export const GREETING = '{"type":"workerregistered"}';

/** A running gateway on a free port, with a clock that stands still; sessions greet and record. */
export async function startGateway(
  options: Partial<Omit<GatewayOptions, 'listen'>> & {
    readonly listen?: Partial<GatewayOptions['listen']>;
    readonly onMessage?: (message: WorkerMessage, link: Link) => void;
  } = {},
) {
  const clock = new ManualClock();
  const { log, lines } = recordLog();
  const sessions: Opened[] = [];
  const channels = new Channels(clock, systemRandom);
  const gateway = new Gateway({
    tokens: [],
    log,
    clock,
    channels,
    openSession: (link, info) => {
      const messages: WorkerMessage[] = [];
      let resolve = (): void => undefined;
      const closed = new Promise<void>((done) => {
        resolve = done;
      });
      sessions.push({ link, info, messages, closed });
      link.send(GREETING);
      return {
        receive: (message) => {
          messages.push(message);
          options.onMessage?.(message, link);
        },
        closed: () => resolve(),
      };
    },
    ...options,
    listen: {
      host: '127.0.0.1',
      port: 0,
      handshakeTimeoutMs: 10_000,
      allowedOrigins: [],
      allowedHosts: [],
      ...options.listen,
    },
  });
  await gateway.start();
  const { port } = gateway.address();
  return { gateway, clock, channels, sessions, lines, port, url: `ws://127.0.0.1:${port}` };
}

/** A client that keeps every frame it gets, so that none is missed between two waits. */
export class TestClient {
  readonly webSocket: WebSocket;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #frames: string[] = [];
  #wake: () => void = () => undefined;

  constructor(url: string, protocols: string[] = [], options: ClientOptions = {}) {
    this.webSocket = new WebSocket(url, protocols, options);
    this.opened = once(this.webSocket, 'open');
    this.opened.catch(() => undefined);
    this.webSocket.on('error', () => undefined);
    this.webSocket.on('message', (data) => {
      this.#frames.push((data as Buffer).toString());
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.webSocket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
  }

  send(...frames: readonly (string | Uint8Array)[]): void {
    for (const frame of frames) this.webSocket.send(frame);
  }

  /** The next frame; fails when the connection ends first. */
  async next(): Promise<string> {
    while (this.#frames.length === 0) {
      if (this.webSocket.readyState === WebSocket.CLOSED)
        throw new Error('the connection is closed');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#frames.shift()!;
  }

  /** Returns when everything sent before has been handled. */
  async roundTrip(): Promise<readonly string[]> {
    this.send('{"type":"ping"}');
    const before: string[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === '{"type":"pong"}') return before;
      before.push(frame);
    }
  }
}

/** The HTTP status with which an upgrade is refused. */
export async function refusalOf(client: TestClient): Promise<number | undefined> {
  const [, response] = (await once(client.webSocket, 'unexpected-response')) as [
    unknown,
    { statusCode?: number; resume(): void },
  ];
  response.resume();
  client.webSocket.terminate();
  return response.statusCode;
}
