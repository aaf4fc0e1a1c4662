import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import { type Channel, type WriterEnd, afterReturn } from '../engine/channels.ts';
import type { ChannelSocket } from './channel-socket.ts';

/** Bytes that may wait in a reader's socket before more is taken out of the channel. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Says that this is not the end: the channel went before its writer was done. Older SDKs see no difference. */
const CUT_OFF = 1011;

/** Puts what comes in on a connection into a channel; while the channel is full, nothing is read. */
export function serveWriter(webSocket: ChannelSocket, channel: Channel, clock: Clock): void {
  let isAttached = false;
  const end: WriterEnd = {
    attached: () => {
      isAttached = true;
      webSocket.resume();
    },
    wake: () => webSocket.resume(),
    closed: () => {
      isAttached = false;
      webSocket.resume();
      webSocket.close();
    },
  };
  // an earlier connection of the same writer may have to be read to its end first
  webSocket.pause();
  webSocket.on('message', (data, isBinary) => {
    if (!isAttached) return;
    const bytes = data as Buffer;
    const hasRoom = isBinary
      ? channel.write({ kind: 'bytes', bytes })
      : channel.write({ kind: 'text', text: bytes.toString() });
    if (!hasRoom) webSocket.pause();
  });
  webSocket.onPause = (answer) => {
    channel.releaseWriter(end, true);
    afterReturn(clock, answer);
  };
  webSocket.on('close', () => {
    channel.releaseWriter(end, false);
  });
  channel.connectWriter(end);
}

/** Sends what is in a channel, as fast as the peer reads, and closes the connection at its end. */
export function serveReader(webSocket: WebSocket, channel: Channel): void {
  let isStalled = false;
  const goOn = (): void => {
    if (!isStalled) return;
    isStalled = false;
    pump();
  };
  const pump = (): void => {
    while (!isStalled && webSocket.readyState === webSocket.OPEN) {
      const item = channel.read();
      if (item === undefined) break;
      webSocket.send(item.kind === 'text' ? item.text : item.bytes, goOn);
      isStalled = webSocket.bufferedAmount > MAX_WAITING_BYTES;
    }
    if (channel.isOver) webSocket.close();
  };
  const isTaken = !channel.connectReader({ wake: pump, closed: () => webSocket.close(CUT_OFF) });
  if (isTaken) webSocket.close();
  else webSocket.on('close', () => channel.drop());
}
