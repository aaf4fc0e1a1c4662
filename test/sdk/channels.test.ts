import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  type ChannelReader,
  type ChannelRef,
  type ChannelWriter,
  type Handler,
  http,
  type HttpRequest,
  type Worker,
} from '../../src/sdk/sdk.ts';
import { eventually, pause, within } from '../support/eventually.ts';
import { startEngine, startWorker } from './harness.ts';

const KIB = 1024;

describe('a channel of the SDK', () => {
  it('carries bytes and texts to another function, in order, to the end', async () => {
    const { url } = await startEngine();
    const [maker, filler] = [startWorker(url), startWorker(url)];
    filler.registerFunction('fill', async ({ writer }: { writer: ChannelWriter }) => {
      writer.sendMessage('first');
      writer.stream.write('hello ');
      writer.sendMessage('second');
      writer.stream.end('world');
      await once(writer.stream, 'finish');
      return { filled: true };
    });
    await filler.ready();
    const { reader, writerRef } = await maker.createChannel();
    const texts: string[] = [];
    reader.onMessage((text) => texts.push(text));
    const filling = maker.call('fill', { writer: writerRef });
    expect((await reader.readAll()).toString()).toBe('hello world');
    expect(await filling).toEqual({ filled: true });
    expect(texts).toEqual(['first', 'second']);
  });

  it('is found wherever a reference stands in a payload, and is a reference again when sent on', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('read', async ({ deep }: { deep: [{ from: ChannelReader }] }) => {
      return (await deep[0].from.readAll()).toString();
    });
    worker.registerFunction('pass', (given: { deep: unknown }) => worker.call('read', given));
    const { writer, readerRef, reader } = await worker.createChannel();
    expect(JSON.parse(JSON.stringify({ writer, reader }))).toEqual({
      writer: { ...readerRef, direction: 'write' },
      reader: readerRef,
    });
    const reading = worker.call('pass', { deep: [{ from: reader }] });
    writer.stream.end('passed on');
    expect(await reading).toBe('passed on');
  });

  it('is not made of what only looks like one', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('echo', (data) => data);
    for (const data of [
      { channel_id: 'a', access_key: 'b' },
      { channel_id: 'a', access_key: 'b', direction: 'both' },
      { channel_id: 1, access_key: 'b', direction: 'read' },
    ]) {
      expect(await worker.call('echo', data)).toEqual(data);
    }
  });

  it('ends for its reader when nothing was written at all', async () => {
    const { url } = await startEngine();
    const { writer, reader } = await startWorker(url).createChannel();
    writer.close();
    writer.close();
    expect(await reader.readAll()).toHaveLength(0);
  });

  it('carries megabytes whole', async () => {
    const { url } = await startEngine();
    const { writer, reader } = await startWorker(url).createChannel();
    const pieces = Array.from({ length: 40 }, (_, n) => Buffer.alloc(200 * KIB, n));
    const [, bytes] = await Promise.all([
      pipeline(Readable.from(pieces), writer.stream),
      reader.readAll(),
    ]);
    expect(bytes.equals(Buffer.concat(pieces))).toBe(true);
  });

  it('holds the writer back while nobody reads', async () => {
    const { url } = await startEngine();
    const { writer, reader } = await startWorker(url).createChannel(1);
    let written = 0;
    const size = 256 * KIB;
    const total = 160;
    async function* pieces() {
      for (; written < total; written++) yield Buffer.alloc(size);
    }
    const writing = pipeline(Readable.from(pieces()), writer.stream);
    // it stands still when a moment passes in which nothing more was taken
    let before = -1;
    await eventually(async () => {
      const same = written === before && written > 0;
      before = written;
      await pause(200);
      return same;
    });
    expect(written).toBeLessThan(total / 2);
    const [, bytes] = await Promise.all([writing, reader.readAll()]);
    expect(bytes.length).toBe(size * total);
  });

  it('fails for the writer when the reader leaves', async () => {
    const { url } = await startEngine();
    const { writer, reader } = await startWorker(url).createChannel();
    writer.stream.write('first');
    await once(reader.stream, 'readable');
    reader.close();
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(KIB);
      })(),
    );
    await expect(pipeline(endless, writer.stream)).rejects.toMatchObject({
      code: expect.stringMatching(/^(channel_closed|connection_lost)$/),
    });
  });

  it('fails for both when it is not there, and breaks nothing when nobody listens', async () => {
    const { url } = await startEngine();
    const worker = startWorker(url);
    const gone: ChannelRef = { channel_id: 'none', access_key: 'none', direction: 'read' };
    worker.registerFunction('use', async (sides: { r: ChannelReader; w: ChannelWriter }) => {
      sides.w.stream.end('lost');
      await once(sides.w.stream, 'close');
      await sides.r.readAll();
    });
    const call = worker.call('use', { r: gone, w: { ...gone, direction: 'write' } });
    await expect(call).rejects.toMatchObject({ code: 'channel_not_found' });
  });

  it.each([
    ['the engine', ({ app }: { app: { stop(): Promise<void> } }) => app.stop()],
    ['its maker', ({ maker }: { maker: Worker }) => maker.shutdown({ graceMs: 0 })],
  ])('is cut off for the reader, and not at its end, when %s goes', async (_who, leave) => {
    const { app, url } = await startEngine();
    const [maker, worker] = [startWorker(url), startWorker(url)];
    const { writer, readerRef } = await maker.createChannel();
    const begun = new Promise<() => Promise<Buffer>>((resolve) => {
      worker.registerFunction('read', async ({ reader }: { reader: ChannelReader }) => {
        writer.stream.write('half');
        await once(reader.stream, 'readable');
        resolve(() => reader.readAll());
      });
    });
    await worker.call('read', { reader: readerRef });
    const reading = expect((await begun)()).rejects.toMatchObject({ code: 'connection_lost' });
    await leave({ app, maker });
    await reading;
  });

  it('is emptied before a shutdown is over', async () => {
    const { url } = await startEngine();
    const [writes, reads] = [startWorker(url), startWorker(url)];
    const { reader, writerRef } = await reads.createChannel();
    writes.registerFunction('stream', ({ writer }: { writer: ChannelWriter }) => {
      writer.stream.write(Buffer.alloc(300 * KIB));
      writer.close();
    });
    await reads.call('stream', { writer: writerRef }).catch(() => undefined);
    await writes.ready();
    const stopped = writes.shutdown();
    expect(await reader.readAll()).toHaveLength(300 * KIB);
    await within(stopped, 5_000, 'the shutdown');
  });
});

describe('an HTTP request and the SDK', () => {
  async function startRoute(
    handler: Handler<HttpRequest>,
    method = 'GET',
  ): Promise<(init?: RequestInit) => Promise<Response>> {
    const { app, url } = await startEngine();
    const worker = startWorker(url);
    worker.registerFunction('answer', handler);
    worker.registerTrigger({
      type: 'http',
      function_id: 'answer',
      config: { api_path: '/answer', http_method: method },
    });
    await worker.ready();
    return (init) => fetch(`${String(app.httpUrl)}/answer`, { method, ...init });
  }

  it('is answered with a stream', async () => {
    const ask = await startRoute(
      http(async (_request, response) => {
        response.status(201);
        response.headers({ 'content-type': 'text/csv' });
        for (let line = 0; line < 5_000; line++) {
          if (!response.stream.write(`line ${line}\n`)) await once(response.stream, 'drain');
        }
        response.close();
      }),
    );
    const response = await ask();
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/csv');
    const lines = (await response.text()).split('\n');
    expect([lines.length, lines.at(-2)]).toEqual([5_001, 'line 4999']);
  });

  it('loses nothing when a handler writes, ends and closes in one go', async () => {
    const ask = await startRoute(
      http((_request, response) => {
        response.stream.write('hello ');
        response.stream.end('world');
        response.close();
      }),
    );
    expect(await (await ask()).text()).toBe('hello world');
  });

  it('gives its body as a stream, beside the parsed one', async () => {
    const ask = await startRoute(async ({ body, request_body }: HttpRequest) => {
      const bytes = await request_body.readAll();
      return { body: { length: bytes.length, body } };
    }, 'POST');
    const csv = { headers: { 'content-type': 'text/csv' }, body: 'x'.repeat(900_000) };
    expect(await (await ask(csv)).json()).toEqual({ length: 900_000, body: null });
    const json = { headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    expect(await (await ask(json)).json()).toEqual({ length: 7, body: { a: 1 } });
  });

  it('is answered by what the handler returns when it uses no stream', async () => {
    const ask = await startRoute(() => ({ status_code: 202, body: { ok: true } }));
    const response = await ask();
    expect([response.status, await response.json()]).toEqual([202, { ok: true }]);
  });

  it('that is gone ends the stream of its handler with an error', async () => {
    let outcome: unknown;
    const ask = await startRoute(
      http(async (_request, response) => {
        response.stream.on('error', (error) => (outcome = error));
        for (;;) {
          if (response.stream.write(Buffer.alloc(64 * KIB))) continue;
          await once(response.stream, 'drain');
        }
      }),
    );
    const controller = new AbortController();
    const response = await ask({ signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await eventually(() => outcome !== undefined);
    expect(outcome).toMatchObject({ name: 'ChannelError' });
  });
});
