import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { makePayload } from './load.ts';

/** Posts orders to a path over kept-alive connections, one at a time on each, and counts the answers. */
export class HttpLoad {
  answers = 0;
  readonly #port: number;
  readonly #path: string;
  readonly #sockets: Socket[];
  #isRunning = false;
  #busy = 0;
  #whenQuiet: (() => void) | undefined;

  private constructor(port: number, path: string, sockets: Socket[]) {
    this.#port = port;
    this.#path = path;
    this.#sockets = sockets;
    for (const socket of sockets) this.#serve(socket);
  }

  static async open(port: number, path: string, connections: number): Promise<HttpLoad> {
    const sockets = Array.from({ length: connections }, () =>
      connect({ port, host: '127.0.0.1', noDelay: true }),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return new HttpLoad(port, path, sockets);
  }

  /** Keeps every connection busy for this long, then waits for the last answers. */
  async run(durationMs: number): Promise<void> {
    this.#isRunning = true;
    for (const socket of this.#sockets) this.#post(socket);
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    this.#isRunning = false;
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenQuiet = resolve));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #post(socket: Socket): void {
    this.#busy += 1;
    const body = makePayload(this.answers);
    socket.write(
      `POST ${this.#path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  #serve(socket: Socket): void {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk.toString();
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (Number.isNaN(length)) throw new Error(`an answer without its length: ${text}`);
      if (text.length < headEnd + 4 + length) return;
      if (!text.startsWith('HTTP/1.1 202')) throw new Error(`an order was refused: ${text}`);
      text = '';
      this.answers += 1;
      this.#busy -= 1;
      if (this.#isRunning) this.#post(socket);
      else if (this.#busy === 0) this.#whenQuiet?.();
    });
    socket.on('close', () => {
      if (this.#busy > 0) throw new Error('a connection was closed in the middle');
    });
  }
}
