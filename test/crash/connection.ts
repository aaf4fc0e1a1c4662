import { WebSocket } from 'ws';

export type Frame = Readonly<Record<string, unknown>>;

const RETRY_MS = 20;

/** A connection to the engine that is made anew whenever it breaks, until it is stopped. */
export class Connection {
  readonly #url: string;
  readonly #on: { opened(): void; frame(frame: Frame): void; closed(): void };
  #socket: WebSocket | undefined;
  #stopped = false;

  constructor(url: string, on: { opened(): void; frame(frame: Frame): void; closed(): void }) {
    this.#url = url;
    this.#on = on;
    this.#connect();
  }

  /** Sends when there is a connection; answers whether there was one. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
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
    socket.on('open', () => this.#on.opened());
    socket.on('message', (data: Buffer) => this.#on.frame(JSON.parse(data.toString()) as Frame));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#on.closed();
      setTimeout(() => this.#connect(), RETRY_MS);
    });
  }
}
