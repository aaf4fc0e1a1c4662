import { WebSocket } from 'ws';

/** With this reason SDKs close a connection although more of the same writer may follow. */
const CHANNEL_CLOSE = 'channel_close';

/**
 * The server's end of a connection to a channel. SDK 0.22 gives up the bytes it still has once its
 * close is answered, so the answer to such a close can be held back.
 */
export class ChannelSocket extends WebSocket {
  /** Told that the peer closes for now; it has to call `answer`, the sooner the better. */
  onPause: ((answer: () => void) => void) | undefined;

  /** Also what the library answers a close of the peer with, in the peer's own words. */
  override close(code?: number, reason?: string | Buffer): void {
    const answer = (): void => {
      super.close(code, reason);
    };
    if (this.onPause !== undefined && reason?.toString() === CHANNEL_CLOSE) this.onPause(answer);
    else answer();
  }
}
