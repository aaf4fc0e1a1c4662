import { WebSocket } from 'ws';
import type { ChannelRef } from '../protocol/channel-ref.ts';

const HANDSHAKE_MS = 10_000;
/** How a channel that came to its end is closed: with this code, or with none. */
const ENDED = [1000, 1005];
/** How long the other side of a channel may take to read the rest, after the last was written. */
const DRAIN_MS = 5 * 60_000;

/** A channel that cannot be used any more, and what its own side did not bring about. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  /**
   * `channel_not_found`: it is over, or was never there. `channel_closed`: the other side, or whoever
   * made the channel, has left. `connection_lost`: the way to the engine broke.
   */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where a side of a channel is, below the address of the engine. */
export function channelUrl(engineUrl: string, ref: ChannelRef): URL {
  const url = new URL(engineUrl);
  const base = url.pathname.replace(/\/$/, '');
  url.pathname = `${base}/ws/channels/${encodeURIComponent(ref.channel_id)}`;
  url.search = new URLSearchParams({ key: ref.access_key, dir: ref.direction }).toString();
  return url;
}

export interface ChannelConnectionEvents {
  readonly onOpen?: () => void;
  readonly onMessage?: (data: Buffer, isBinary: boolean) => void;
  /** It is over; `undefined` when the peer closed it in order. */
  readonly onClose: (error: ChannelError | undefined) => void;
}

/** Connects to one side of a channel. The side can be taken once. */
export function connectChannel(url: URL, events: ChannelConnectionEvents): WebSocket {
  const options = {
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: HANDSHAKE_MS,
    closeTimeout: DRAIN_MS,
  };
  const socket = new WebSocket(url, options);
  let failure: ChannelError | undefined;
  socket.on('open', () => events.onOpen?.());
  socket.on('message', (data: Buffer, isBinary) => events.onMessage?.(data, isBinary));
  socket.on('unexpected-response', (_request, response) => {
    const status = response.statusCode ?? 0;
    failure =
      status === 404
        ? new ChannelError('channel_not_found', 'the channel is over, or was never there')
        : new ChannelError('connection_lost', `the engine answered ${status} for a channel`);
    socket.terminate();
  });
  socket.on('error', (cause) => {
    failure ??= new ChannelError('connection_lost', `the channel is lost: ${cause.message}`);
  });
  socket.on('close', (code) => {
    if (failure === undefined && !ENDED.includes(code)) {
      failure = new ChannelError('connection_lost', `the channel was cut off (${code})`);
    }
    events.onClose(failure);
  });
  return socket;
}
