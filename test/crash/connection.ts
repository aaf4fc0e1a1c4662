import { WebSocket } from 'ws';
import { monotonicMs } from './history.ts';

export type Frame = Readonly<Record<string, unknown>>;

const RETRY_MS = 20;

/** A connection to the engine that is made anew whenever it breaks, until it is stopped. */
export class Connection {
  readonly #url: string;
  readonly #on: { opened(): void; frame(frame: Frame, text: string): void; closed(): void };
  #socket: WebSocket | undefined;
  #stopped = false;
  #openedAt = 0;

  constructor(
    url: string,
    on: { opened(): void; frame(frame: Frame, text: string): void; closed(): void },
  ) {
    this.#url = url;
    this.#on = on;
    this.#connect();
  }

  /** When the present connection was opened. */
  get openedAt(): number {
    return this.#openedAt;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sends when there is a connection; answers whether there was one. */
  send(text: string): boolean {
    if (!this.isOpen) return false;
    this.#socket?.send(text);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.terminate();
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('open', () => {
      this.#openedAt = monotonicMs();
      this.#on.opened();
    });
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      this.#on.frame(JSON.parse(text) as Frame, text);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#on.closed();
      setTimeout(() => this.#connect(), RETRY_MS);
    });
  }
}
