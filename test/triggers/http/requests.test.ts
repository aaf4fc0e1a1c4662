import { describe, expect, it } from 'vitest';
import { readAll } from './channel-reader.ts';
import { delivery, startHttp } from './harness.ts';

const ok = () => ({ result: {} });

describe('what a function is told about a request', () => {
  it('is all of it, and two channels', async () => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: 'price/:id', http_method: 'GET' }, ok, { team: 'shop' });
    const headers = {
      'X-Twice': ['1', '2'],
      cookie: ['a=1', 'b=2'],
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      baggage: 'k=v',
    };
    await fetch('/price/a%20b?q=1&q=2&__proto__=x&empty', { headers });
    const frame = await delivery(worker);
    const ref = (direction: string) => ({
      channel_id: expect.any(String),
      access_key: expect.any(String),
      direction,
    });
    expect(frame).toMatchObject({
      traceparent: headers.traceparent,
      baggage: 'k=v',
      metadata: { team: 'shop' },
      data: {
        path_params: { id: 'a%20b' },
        headers: { 'x-twice': '1, 2', cookie: 'a=1; b=2', traceparent: headers.traceparent },
        path: 'price/:id',
        method: 'GET',
        body: null,
        trigger: { type: 'http', path: 'price/:id', method: 'GET' },
        request_body: ref('read'),
        response: ref('write'),
      },
    });
    const { query_params: query } = frame['data'] as { query_params: Record<string, string> };
    expect(Object.entries(query)).toEqual([
      ['q', '2'],
      ['__proto__', 'x'],
      ['empty', ''],
    ]);
  });

  it('has the JSON of the body as it was written', async () => {
    const { json, serve, engine } = await startHttp();
    const worker = engine.functions;
    let seen = '';
    worker.addLocal({
      id: 'raw',
      description: null,
      access: 'any',
      run: async ({ data }) => {
        seen = data;
        return null;
      },
    });
    serve({ api_path: '/a', http_method: 'POST', condition_function_id: 'raw' }, ok);
    await json('/a', '{"n": 12345678901234567890, "__proto__": 1.0}');
    expect(seen).toContain('"body":{"n": 12345678901234567890, "__proto__": 1.0}');
    expect(seen).not.toContain('request_body');
  });

  it.each(['', '  '])('has no body for JSON of %j', async (body) => {
    const { json, serve } = await startHttp();
    const worker = serve({ api_path: '/a', http_method: 'POST' }, ok);
    expect(await json('/a', body)).toMatchObject({ status: 200 });
    expect(await delivery(worker)).toMatchObject({ data: { body: null } });
  });

  it.each(['{"a": ', 'name=x', '{"a":1}}', '\u{feff}{}'])(
    'is nothing when the body says JSON and is %j',
    async (body) => {
      const { json, serve } = await startHttp();
      const worker = serve({ api_path: '/a', http_method: 'POST' }, ok);
      const { status, text } = await json('/a', body);
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'INVALID_JSON' } });
      expect(worker.deliveries()).toEqual([]);
    },
  );

  it.each([
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['more than 64 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
  ])('is nothing for a body of %s', async (_what, body) => {
    const { fetch, serve } = await startHttp();
    serve({ api_path: '/a', http_method: 'POST' }, ok);
    const headers = { 'content-type': 'application/json' };
    expect(await fetch('/a', { method: 'POST', headers, body })).toMatchObject({ status: 400 });
  });

  it.each(['text/csv', 'application/json; charset=utf-8', 'multipart/form-data'])(
    'comes with the bytes of %s through a channel',
    async (type) => {
      const { fetch, serve, engine, clock } = await startHttp();
      const worker = serve({ api_path: '/a', http_method: 'POST' }, undefined);
      const body = JSON.stringify({ text: 'é'.repeat(100_000) });
      const answer = fetch('/a', { method: 'POST', headers: { 'content-type': type }, body });
      const frame = await delivery(worker);
      const bytes = await readAll(engine, frame);
      expect(bytes.toString()).toBe(body);
      expect(frame['data']).toMatchObject({
        body: type.startsWith('application/json') ? JSON.parse(body) : null,
      });
      worker.answer(frame, { result: {} });
      await clock.advance(0);
      expect((await answer).status).toBe(200);
      expect(engine.channels.size).toBe(0);
    },
  );

  it('leaves out a trace context that is none', async () => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: '/a' }, ok);
    await fetch('/a', { headers: { traceparent: 'x', baggage: 'b'.repeat(9_000) } });
    const frame = await delivery(worker);
    expect(frame).not.toHaveProperty('traceparent');
    expect(frame).not.toHaveProperty('baggage');
  });
});

describe('a body over 1 MiB', () => {
  const large = new Uint8Array(1024 * 1024 + 1);

  it.each(['application/json', 'text/plain'])(
    'of %s is refused before it is read',
    async (type) => {
      const { fetch, serve } = await startHttp();
      const worker = serve({ api_path: '/a', http_method: 'POST' }, ok);
      const headers = { 'content-type': type, 'content-length': String(large.length) };
      // the body itself is not sent: the answer must not wait for it
      const { status, text } = await fetch('/a', {
        method: 'POST',
        headers,
      });
      expect(status).toBe(413);
      expect(text).toContain('BODY_TOO_LARGE');
      expect(worker.deliveries()).toEqual([]);
    },
  );

  it.each(['application/json', 'text/plain'])('of %s is refused while it comes', async (type) => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a', http_method: 'POST' }, (frame) => {
      void readAll(engine, frame);
      return undefined;
    });
    const headers = { 'content-type': type, 'transfer-encoding': 'chunked' };
    const answer = await fetch('/a', { method: 'POST', headers, body: large });
    expect(answer.status).toBe(413);
    expect(worker.deliveries().length).toBe(type === 'text/plain' ? 1 : 0);
    expect(engine.channels.size).toBe(0);
  });
});
