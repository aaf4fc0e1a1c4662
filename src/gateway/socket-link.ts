import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type CancelTimer, type Clock, nextTurn } from '../base/clock.ts';
import type { Link } from '../engine/link.ts';
import type { GatewayLimits } from './limits.ts';

/** Bytes a close frame has for its reason (RFC 6455 §5.5.1). */
const MAX_REASON_BYTES = 123;

const TRY_AGAIN_LATER = 1013;

/** How many frames are held back at most: the peer begins with them while we go on. */
const MAX_HELD_FRAMES = 16;

/** The way out of one WebSocket. */
export class SocketLink implements Link {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #limits: GatewayLimits;
  #corked = false;
  /** Frames held back. */
  #held = 0;
  #cancelGrace: CancelTimer | undefined;

  /** `socket` is the stream that `webSocket` was made from. */
  constructor(webSocket: WebSocket, socket: Duplex, clock: Clock, limits: GatewayLimits) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#clock = clock;
    this.#limits = limits;
    webSocket.on('close', () => this.#cancelGrace?.());
  }

  send(frame: string): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#cork();
    this.#webSocket.send(frame);
    if (++this.#held >= MAX_HELD_FRAMES) this.#flush();
    if (this.#webSocket.bufferedAmount > this.#limits.maxSendBufferBytes) {
      this.close(TRY_AGAIN_LATER, 'too much is waiting to be read');
    }
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  /** After a grace the connection is cut, whether the peer answered the close or not. */
  close(code: number, reason: string): void {
    if (this.#webSocket.readyState === this.#webSocket.CLOSED) return;
    this.#webSocket.close(code, cutToBytes(reason, MAX_REASON_BYTES));
    this.#cancelGrace ??= this.#clock.after(this.#limits.closeGraceMs, () => {
      this.#webSocket.terminate();
    });
  }

  /**
   * Holds writes back until everything the system had ready was read, or there are many, so that what
   * many connections caused leaves in one write, and the peer reads it in one go: HTTP requests come
   * over a connection each, and would otherwise cost a write each. When nothing else is ready, nothing
   * waits.
   */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    void nextTurn().then(() => {
      this.#corked = false;
      this.#held = 0;
      this.#socket.uncork();
    });
  }

  #flush(): void {
    this.#held = 0;
    this.#socket.uncork();
    this.#socket.cork();
  }
}

/** The longest start of a text that fits, whole characters only. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = new Uint8Array(maxBytes);
  return text.slice(0, new TextEncoder().encodeInto(text, bytes).read);
}
