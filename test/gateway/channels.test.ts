import { connect as openSocket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../src/engine/channels.ts';
import { eventually } from '../support/eventually.ts';
import { refusalOf, startGateway, TestClient } from './harness.ts';

type Gateway = Awaited<ReturnType<typeof startGateway>>;

const running: Gateway[] = [];

async function start(...options: Parameters<typeof startGateway>): Promise<Gateway> {
  const started = await startGateway(...options);
  running.push(started);
  return started;
}

afterEach(async () => {
  for (const { gateway, clock } of running.splice(0)) {
    const stopped = gateway.stop();
    await clock.advance(5_000);
    await stopped;
  }
});

/** A connection to one side of a channel. */
function connect(url: string, { id, key }: Channel, dir: 'read' | 'write', wrong = ''): TestClient {
  return new TestClient(`${url}/ws/channels/${id}?key=${key}${wrong}&dir=${dir}`);
}

async function writerTo(url: string, channel: Channel): Promise<TestClient> {
  const client = connect(url, channel, 'write');
  await client.opened;
  return client;
}

/** What a reader gets until its connection is closed. */
async function readToEnd(client: TestClient): Promise<{ frames: string[]; code: number }> {
  const { code } = await client.closed;
  const frames: string[] = [];
  for (;;) {
    const frame = await client.next().catch(() => undefined);
    if (frame === undefined) return { frames, code };
    frames.push(frame);
  }
}

describe('a channel over two connections', () => {
  it('carries texts and bytes in order to a reader that came first', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const reader = connect(url, channel, 'read');
    await reader.opened;
    const kinds: boolean[] = [];
    reader.webSocket.on('message', (_data, isBinary) => kinds.push(isBinary));
    const writer = await writerTo(url, channel);
    writer.send('{"type":"set_status"}', Buffer.from('bytes'), 'end');
    writer.webSocket.close(1000, 'stream_complete');
    // a close without a status
    expect(await readToEnd(reader)).toEqual({
      frames: ['{"type":"set_status"}', 'bytes', 'end'],
      code: 1005,
    });
    expect(kinds).toEqual([false, true, false]);
    expect(channels.size).toBe(0);
  });

  it('keeps what a writer sent and left until a reader comes', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const writer = await writerTo(url, channel);
    writer.send('a', 'b');
    writer.webSocket.close(1000, 'stream_complete');
    await writer.closed;
    expect((await readToEnd(connect(url, channel, 'read'))).frames).toEqual(['a', 'b']);
  });

  it('holds a fast writer back, and loses nothing', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null, 1);
    const writer = await writerTo(url, channel);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const count = 1_000;
    for (let n = 0; n < count; n++) writer.send(chunk);
    writer.webSocket.close(1000, 'stream_complete');
    const reader = connect(url, channel, 'read');
    await reader.opened;
    // nobody reads: 64 MiB stay in the sockets and with the writer
    reader.webSocket.pause();
    await eventually(() => writer.webSocket.bufferedAmount > 10_000_000);
    reader.webSocket.resume();
    const { frames } = await readToEnd(reader);
    expect(frames.length).toBe(count);
  });

  it('takes the rest from a second connection that comes before the first is closed', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const reader = connect(url, channel, 'read');
    const first = await writerTo(url, channel);
    const second = connect(url, channel, 'write');
    await second.opened;
    second.send('rest');
    second.webSocket.terminate();
    first.send('begin');
    first.webSocket.close(1000, 'channel_close');
    expect((await readToEnd(reader)).frames).toEqual(['begin', 'rest']);
  });

  it('takes the rest from a second connection that comes a little later, and only then answers the close of the first', async () => {
    const { url, channels, clock } = await start();
    const channel = channels.create(null);
    const release = vi.spyOn(channel, 'releaseWriter');
    const reader = connect(url, channel, 'read');
    const first = await writerTo(url, channel);
    first.send('begin');
    first.webSocket.close(1000, 'channel_close');
    await eventually(() => release.mock.calls.length === 1);
    await clock.advance(99);
    const second = await writerTo(url, channel);
    expect(first.webSocket.readyState).toBe(first.webSocket.CLOSING);
    await clock.advance(1);
    expect((await first.closed).code).toBe(1000);
    second.send('rest');
    second.webSocket.terminate();
    expect((await readToEnd(reader)).frames).toEqual(['begin', 'rest']);
  });

  it('ends when the writer was cut off', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const reader = connect(url, channel, 'read');
    const writer = await writerTo(url, channel);
    writer.send('half');
    expect(await reader.next()).toBe('half');
    writer.webSocket.terminate();
    expect((await reader.closed).code).toBe(1005);
  });

  it('closes the writer when the reader leaves', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const writer = await writerTo(url, channel);
    const reader = connect(url, channel, 'read');
    await reader.opened;
    reader.webSocket.terminate();
    await writer.closed;
    expect(channels.size).toBe(0);
  });

  it('closes both when its creator drops it', async () => {
    const { url, channels } = await start();
    const channel = channels.create(null);
    const [writer, reader] = [await writerTo(url, channel), connect(url, channel, 'read')];
    await reader.opened;
    channel.drop();
    await Promise.all([writer.closed, reader.closed]);
  });

  it.each(['read', 'write'] as const)('closes a second connection to its %s side', async (side) => {
    const { url, channels, clock } = await start();
    const channel = channels.create(null);
    const first = connect(url, channel, side);
    await first.opened;
    const second = connect(url, channel, side);
    await second.opened;
    await clock.advance(100);
    await second.closed;
    expect(first.webSocket.readyState).toBe(first.webSocket.OPEN);
  });

  it('keeps a writer alive that is held back for long', async () => {
    const { url, channels, clock } = await start();
    const channel = channels.create(null, 1);
    const write = vi.spyOn(channel, 'write');
    const writer = await writerTo(url, channel);
    writer.send('a', 'b');
    await eventually(() => write.mock.results.some(({ value }) => value === false));
    for (let beat = 0; beat < 5; beat++) await clock.advance(20_000);
    const reader = connect(url, channel, 'read');
    expect(await reader.next()).toBe('a');
    expect(await reader.next()).toBe('b');
    expect(writer.webSocket.readyState).toBe(writer.webSocket.OPEN);
  });
});

describe('who may connect to a channel', () => {
  it('is who knows id and key; the answer to others is 404 with a word', async () => {
    const { url, port, channels } = await start();
    const channel = channels.create(null);
    expect(await refusalOf(connect(url, channel, 'read', 'x'))).toBe(404);
    const unknown = new TestClient(`${url}/ws/channels/none?key=${channel.key}&dir=read`);
    expect(await refusalOf(unknown)).toBe(404);
    const response = await fetchUpgrade(port, `/ws/channels/none?key=k&dir=read`);
    expect(response).toContain('404 Not Found');
    expect(response).toContain('Channel not found');
  });

  it('needs no token of the engine, but no page of another origin gets in', async () => {
    const token = { name: 't', sha256: 'a'.repeat(64), role: 'admin' } as const;
    const { url, channels } = await start({ tokens: [token] });
    const channel = channels.create(null);
    await connect(url, channel, 'read').opened;
    const page = new TestClient(
      `${url}/ws/channels/${channel.id}?key=${channel.key}&dir=write`,
      [],
      { origin: 'https://evil.example' },
    );
    expect(await refusalOf(page)).toBe(403);
  });
});

/** The whole answer to an upgrade request. */
async function fetchUpgrade(port: number, path: string): Promise<string> {
  const socket = openSocket(port, '127.0.0.1');
  socket.end(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
