import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { ManualClock } from '../../src/base/clock.ts';
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts';
import { SocketLink } from '../../src/gateway/socket-link.ts';

/** A socket whose peer reads only when told to; each entry of `writes` is one system call. */
class RecordingSocket extends Duplex {
  readonly writes: string[] = [];
  readonly #reads: boolean;

  constructor(reads: boolean) {
    super();
    this.#reads = reads;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString('latin1'));
    if (this.#reads) done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'));
    if (this.#reads) done();
  }
}

function openLink({ reads = true, maxSendBufferBytes = GATEWAY_LIMITS.maxSendBufferBytes } = {}) {
  const clock = new ManualClock();
  const socket = new RecordingSocket(reads);
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.headers = {
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
  };
  let webSocket: WebSocket | undefined;
  new WebSocketServer({ noServer: true }).handleUpgrade(
    request,
    socket,
    Buffer.alloc(0),
    (opened) => {
      webSocket = opened;
    },
  );
  const limits = { ...GATEWAY_LIMITS, maxSendBufferBytes };
  const link = new SocketLink(webSocket!, socket, clock, limits);
  return { clock, socket, webSocket: webSocket!, link };
}

describe('SocketLink', () => {
  it('sends the frames of one tick in one write, also those of promises that settle in it', async () => {
    const { clock, socket, link } = openLink();
    await clock.advance(0);
    socket.writes.length = 0;
    link.send('one');
    link.send('two');
    void Promise.resolve()
      .then(() => link.send('three'))
      .then(() => link.send('four'));
    expect(socket.writes).toEqual([]);
    expect(link.bufferedBytes()).toBeGreaterThan(0);
    await clock.advance(0);
    expect(socket.writes).toHaveLength(1);
    for (const frame of ['one', 'two', 'three', 'four']) expect(socket.writes[0]).toContain(frame);
    expect(link.bufferedBytes()).toBe(0);
  });

  it('lets the peer have the first of many frames at once', async () => {
    const { clock, socket, link } = openLink();
    await clock.advance(0);
    socket.writes.length = 0;
    for (let frame = 1; frame <= 20; frame++) link.send(`frame ${frame} `);
    expect(socket.writes).toHaveLength(1);
    expect(socket.writes[0]).toContain('frame 16 ');
    expect(socket.writes[0]).not.toContain('frame 17 ');
    await clock.advance(0);
    expect(socket.writes).toHaveLength(2);
    expect(socket.writes[1]).toContain('frame 17 ');
    expect(socket.writes[1]).toContain('frame 20 ');
  });

  it('sends the frames of the next tick in the next write', async () => {
    const { clock, socket, link } = openLink();
    await clock.advance(0);
    socket.writes.length = 0;
    link.send('one');
    await clock.advance(0);
    link.send('two');
    await clock.advance(0);
    expect(socket.writes).toHaveLength(2);
  });

  it('closes a peer that does not read with 1013, and cuts it off after the grace', async () => {
    const { clock, webSocket, link } = openLink({ reads: false, maxSendBufferBytes: 1_000 });
    link.send('x'.repeat(700));
    expect(webSocket.readyState).toBe(webSocket.OPEN);
    link.send('x'.repeat(400));
    expect(webSocket.readyState).toBe(webSocket.CLOSING);
    const buffered = link.bufferedBytes();
    link.send('too late');
    expect(link.bufferedBytes()).toBe(buffered);
    await clock.advance(GATEWAY_LIMITS.closeGraceMs - 1);
    expect(webSocket.readyState).toBe(webSocket.CLOSING);
    await clock.advance(1);
    expect(webSocket.readyState).toBe(webSocket.CLOSED);
  });

  it('closes after what was sent, with a reason that fits into the frame', async () => {
    const { clock, socket, link } = openLink();
    link.send('last words');
    link.close(1000, 'é'.repeat(100));
    link.close(1001, 'again');
    await clock.advance(0);
    const written = Buffer.from(socket.writes.join(''), 'latin1');
    const closeFrame = Buffer.from([0x88, 2 + 122, 1000 >> 8, 1000 & 255]);
    expect(written.indexOf('last words')).toBeGreaterThan(0);
    expect(written.indexOf(closeFrame)).toBeGreaterThan(written.indexOf('last words'));
    expect(written.toString().endsWith('é'.repeat(61))).toBe(true);
  });
});
