import { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { ChannelRef } from '../protocol/channel-ref.ts';
import { channelUrl, connectChannel } from './channel-connection.ts';

/**
 * The reading side of a channel. It connects when reading begins. While nobody reads, the writer at the
 * other side is stopped.
 */
export class ChannelReader {
  readonly #ref: ChannelRef;
  readonly #engineUrl: string;
  readonly #listeners: ((text: string) => void)[] = [];
  /** Made when it is asked for: every HTTP request brings a channel, and few are read. */
  #stream: Readable | undefined;
  #socket: WebSocket | undefined;

  constructor(engineUrl: string, ref: ChannelRef) {
    this.#ref = ref;
    this.#engineUrl = engineUrl;
  }

  /**
   * The bytes that were written, to their end. It fails with a ChannelError when the channel is lost;
   * without a listener that is no error of the process.
   */
  get stream(): Readable {
    this.#stream ??= new Readable({
      read: () => {
        this.#connect().resume();
      },
      destroy: (error, done) => {
        this.#socket?.terminate();
        done(error);
      },
    }).on('error', () => undefined);
    return this.#stream;
  }

  /**
   * Calls `listener` with each text, from now on. A text is told when it comes, so it can be ahead of
   * bytes that nobody has read. While bytes wait to be read, no more texts come.
   */
  onMessage(listener: (text: string) => void): void {
    this.#listeners.push(listener);
    this.#connect();
  }

  /** All bytes, once the writer is done. Rejects with ChannelError. */
  async readAll(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** Reads no more: the writer is told that nobody does. */
  close(): void {
    this.stream.destroy();
  }

  /** In a payload or a result it is the reference again, for whoever gets it to use instead. */
  toJSON(): ChannelRef {
    return this.#ref;
  }

  #connect(): WebSocket {
    this.#socket ??= connectChannel(channelUrl(this.#engineUrl, this.#ref), {
      onMessage: (data, isBinary) => {
        if (!isBinary) for (const listener of this.#listeners) listener(data.toString());
        else if (!this.stream.push(data)) this.#socket?.pause();
      },
      onClose: (error) => {
        if (error === undefined) this.stream.push(null);
        else this.stream.destroy(error);
      },
    });
    return this.#socket;
  }
}
