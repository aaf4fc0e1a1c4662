import { Writable } from 'node:stream';
import { WebSocket } from 'ws';
import type { ChannelRef } from '../protocol/channel-ref.ts';
import { ChannelError, channelUrl, connectChannel } from './channel-connection.ts';

/** Longest frame, as the published SDKs write them. */
const FRAME_BYTES = 64 * 1024;

/**
 * The writing side of a channel. It connects with the first thing that is written, or at the end. What
 * is written while the other side does not read waits, and `write` answers `false` meanwhile.
 */
export class ChannelWriter {
  readonly #ref: ChannelRef;
  readonly #engineUrl: string;
  readonly #onUsed: () => void;
  /** Chunks that are texts: they pass through the stream to stay in order with the bytes. */
  readonly #texts = new WeakSet<Buffer>();
  /** Made when it is asked for: every HTTP request brings a channel, and few are written. */
  #stream: Writable | undefined;
  #socket: WebSocket | undefined;
  #whenOpen: (() => void)[] = [];
  #whenClosed: (() => void) | undefined;

  /** `onUsed` is told once, when it begins to connect. */
  constructor(engineUrl: string, ref: ChannelRef, onUsed: () => void) {
    this.#ref = ref;
    this.#engineUrl = engineUrl;
    this.#onUsed = onUsed;
  }

  /**
   * Bytes for the reader. `finish` comes when the engine has taken everything. It fails with a
   * ChannelError when the other side left; without a listener that is no error of the process.
   */
  get stream(): Writable {
    this.#stream ??= new Writable({
      highWaterMark: FRAME_BYTES,
      write: (chunk: Buffer, _encoding, done) => {
        this.#connected(() => {
          if (this.#texts.has(chunk)) this.#send(chunk, false, done);
          else this.#sendBytes(chunk, 0, done);
        });
      },
      final: (done) => {
        this.#connected(() => {
          this.#whenClosed = done;
          this.#socket?.close(1000, 'stream_complete');
        });
      },
      destroy: (error, done) => {
        if (!this.stream.writableFinished) this.#socket?.terminate();
        done(error);
      },
    }).on('error', () => undefined);
    return this.#stream;
  }

  /** Sends a text, in order with the bytes. @returns `false` when the writer should wait for `drain` */
  sendMessage(text: string): boolean {
    const chunk = Buffer.from(text);
    this.#texts.add(chunk);
    return this.stream.write(chunk);
  }

  /** No more is written. May be repeated, and come after `stream.end`. */
  close(): void {
    if (!this.stream.writableEnded) this.stream.end();
  }

  /** In a payload or a result it is the reference again, for whoever gets it to use instead. */
  toJSON(): ChannelRef {
    return this.#ref;
  }

  #connected(then: () => void): void {
    this.#socket ??= this.#connect();
    if (this.#socket.readyState === WebSocket.CONNECTING) this.#whenOpen.push(then);
    else then();
  }

  #connect(): WebSocket {
    this.#onUsed();
    return connectChannel(channelUrl(this.#engineUrl, this.#ref), {
      onOpen: () => {
        for (const run of this.#whenOpen.splice(0)) run();
      },
      onClose: (error) => {
        if (error === undefined && this.#whenClosed !== undefined) this.#whenClosed();
        else {
          const left = new ChannelError('channel_closed', 'nobody reads from the channel any more');
          this.stream.destroy(error ?? left);
        }
      },
    });
  }

  #sendBytes(chunk: Buffer, from: number, done: () => void): void {
    const until = from + FRAME_BYTES;
    this.#send(chunk.subarray(from, until), true, () => {
      if (until >= chunk.length) done();
      else this.#sendBytes(chunk, until, done);
    });
  }

  #send(data: Buffer, binary: boolean, done: () => void): void {
    this.#socket?.send(data, { binary }, (error) => {
      // That the socket is lost is told by its close, with the reason.
      if (error === undefined || (error as Error | null) === null) done();
    });
  }
}
