import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

/**
 * A WebSocket whose frames of one tick leave in one write. Both ends of every measurement send this
 * way: without it the client is the limit and not the engine.
 */
export class CorkedSocket {
  /** Called with the text of every frame. */
  onText: (text: string) => void = () => undefined;
  readonly #socket: WebSocket;
  #transport: Socket | undefined;
  #corked = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('upgrade', (response: IncomingMessage) => {
      this.#transport = response.socket;
    });
    socket.on('message', (data: Buffer) => {
      this.onText(data.toString());
    });
  }

  static async open(url: string): Promise<CorkedSocket> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const opened = new CorkedSocket(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return opened;
  }

  send(text: string): void {
    if (!this.#corked && this.#transport !== undefined) {
      this.#corked = true;
      this.#transport.cork();
      process.nextTick(this.#uncork);
    }
    this.#socket.send(text);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.close(1000);
    await closed;
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#transport?.uncork();
  };
}
