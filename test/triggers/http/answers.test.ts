import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { writerOf } from './channel-reader.ts';
import { delivery, startHttp } from './harness.ts';

/** The error of an answer that the engine made. */
function errorOf({ text }: { readonly text: string }): Readonly<Record<string, unknown>> {
  return (JSON.parse(text) as { error: Readonly<Record<string, unknown>> }).error;
}

describe('the answer to a request', () => {
  it('is what the function returns', async () => {
    const { json, serve } = await startHttp();
    serve({ api_path: '/orders', http_method: 'POST' }, () => ({
      result: { status_code: 201, headers: { 'x-order': '7' }, body: { ok: true } },
    }));
    expect(await json('/orders', '{}')).toMatchObject({
      status: 201,
      headers: { 'x-order': '7', 'content-type': 'application/json', 'content-length': '11' },
      text: '{"ok":true}',
    });
  });

  it('has no body for HEAD, but its length', async () => {
    const { fetch, serve } = await startHttp();
    serve({ api_path: '/a' }, () => ({ result: { body: 'four' } }));
    expect(await fetch('/a', { method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': '6' },
      text: '',
    });
  });

  it('is 404 without a route, and 405 with one for another method', async () => {
    const { fetch, serve } = await startHttp();
    serve({ api_path: '/a', http_method: 'POST' }, undefined);
    const none = await fetch('/b');
    expect(none.status).toBe(404);
    expect(JSON.parse(none.text)).toEqual({ error: { code: 'NOT_FOUND', message: 'Not Found' } });
    const other = await fetch('/a');
    expect(other).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(errorOf(other)).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });

  it('is 404 once the worker is gone', async () => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: '/a' }, () => ({ result: {} }));
    expect((await fetch('/a')).status).toBe(200);
    worker.disconnect();
    expect((await fetch('/a')).status).toBe(404);
  });

  it('is 503 while nobody offers the function', async () => {
    const { fetch, worker } = await startHttp();
    worker().bind('http', 'nobody', { api_path: '/a' });
    const answer = await fetch('/a');
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(errorOf(answer)['message']).toContain('no worker offers nobody');
  });

  it('is 503 when the worker goes away during the call', async () => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    await delivery(worker);
    worker.disconnect();
    expect(errorOf(await answer)).toMatchObject({ code: 'invocation_stopped' });
    expect((await answer).status).toBe(503);
  });

  it('is 500 with code, message and an id that the log has too, when the function fails', async () => {
    const { fetch, serve, logged } = await startHttp();
    serve({ api_path: '/a' }, () => ({ error: { code: 'no_money', message: 'broke' } }));
    const answer = await fetch('/a');
    expect(answer.status).toBe(500);
    const error = errorOf(answer);
    expect(error).toMatchObject({ code: 'no_money', message: 'broke' });
    expect(error['error_id']).toMatch(/^[\da-f]{32}$/);
    expect(JSON.stringify(logged)).toContain(String(error['error_id']));
  });

  it.each([{ headers: { 'x-a': 'a\r\nb: c' } }, { status_code: 1_000 }])(
    'is 500 when %j is no answer, and the next one is fine',
    async (result) => {
      const { fetch, serve } = await startHttp();
      const worker = serve({ api_path: '/a' }, () => ({ result }));
      const answer = await fetch('/a');
      expect(answer.status).toBe(500);
      expect(errorOf(answer)).toMatchObject({ code: 'INVALID_RESPONSE' });
      worker.onDelivery = () => ({ result: {} });
      expect((await fetch('/a')).status).toBe(200);
    },
  );

  it('is 504 when time is up, and what comes later is ignored', async () => {
    const { fetch, serve, clock } = await startHttp({ timeoutMs: 2_000 });
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const frame = await delivery(worker);
    await clock.advance(2_000);
    expect(errorOf(await answer)).toMatchObject({ code: 'TIMEOUT' });
    expect((await answer).status).toBe(504);
    worker.answer(frame, { result: { status_code: 200 } });
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('is 503 over the limit of requests, and there is room again afterwards', async () => {
    const { fetch, serve } = await startHttp({ maxConcurrent: 1 });
    const worker = serve({ api_path: '/a' }, undefined);
    const first = fetch('/a');
    const frame = await delivery(worker);
    const second = await fetch('/a');
    expect(second.status).toBe(503);
    expect(errorOf(second)).toMatchObject({ code: 'OVERLOADED' });
    worker.answer(frame, { result: {} });
    expect((await first).status).toBe(200);
    worker.onDelivery = () => ({ result: {} });
    expect((await fetch('/a')).status).toBe(200);
  });

  it('is not waited for when the client leaves', async () => {
    const { port, serve, engine, clock } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const client = httpRequest({ host: '127.0.0.1', port, path: '/a' });
    client.on('error', () => undefined);
    client.end();
    await delivery(worker);
    const connection = engine.workers.list()[0]!;
    expect(connection.inFlight).toBe(1);
    client.destroy();
    await eventually(() => connection.inFlight === 0);
    expect(engine.channels.size).toBe(0);
    expect(clock.nextTimerAt()).toBeUndefined();
  });
});

describe('an answer through the response channel', () => {
  it('has status and headers that were set before the first bytes', async () => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const frame = await delivery(worker);
    worker.answer(frame);
    const writer = writerOf(engine, frame);
    writer.open();
    writer.say({ type: 'set_status', status_code: 201 });
    writer.say({ type: 'set_headers', headers: { 'content-type': 'text/plain' } });
    writer.say({ type: 'unknown' });
    writer.say('nothing');
    writer.send('hello ');
    writer.say({ type: 'set_status', status_code: 500 });
    writer.send('world');
    writer.close();
    expect(await answer).toMatchObject({
      status: 201,
      headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
      text: 'hello world',
    });
    expect(engine.channels.size).toBe(0);
  });

  it('may have a head only', async () => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const writer = writerOf(engine, await delivery(worker));
    writer.open();
    writer.say({ type: 'set_status', status_code: 302 });
    writer.say({ type: 'set_headers', headers: { location: '/b' } });
    writer.close();
    expect(await answer).toMatchObject({ status: 302, headers: { location: '/b' }, text: '' });
  });

  it('is slowed down to what the client reads, and all of it arrives', async () => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const writer = writerOf(engine, await delivery(worker));
    writer.open();
    const chunk = 'x'.repeat(64 * 1024);
    for (let n = 0; n < 100; n++) writer.send(chunk);
    writer.close();
    expect((await answer).text.length).toBe(100 * chunk.length);
  });

  it('wins over a result that comes after its first bytes, and loses to one before', async () => {
    const { fetch, serve, engine, advance } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const streamed = fetch('/a');
    const first = await delivery(worker);
    const writer = writerOf(engine, first);
    writer.open();
    writer.send('stream');
    worker.answer(first, { result: { body: 'result' } });
    writer.close();
    expect((await streamed).text).toBe('stream');
    const returned = fetch('/a');
    const second = await delivery(worker, 2);
    const late = writerOf(engine, second);
    worker.answer(second, { result: { body: 'result' } });
    await advance();
    late.open();
    expect(late.send('stream')).toBe(false);
    expect((await returned).text).toBe('"result"');
  });

  it('is 200 {} after a second when the function returned nothing and opened none', async () => {
    const { fetch, serve, clock } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    worker.answer(await delivery(worker));
    await clock.advance(1_000);
    expect(await answer).toMatchObject({ status: 200, text: '{}' });
  });

  it('is waited for beyond that second once it is open', async () => {
    const { fetch, serve, engine, clock } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const frame = await delivery(worker);
    const writer = writerOf(engine, frame);
    worker.answer(frame);
    writer.open();
    await clock.advance(5_000);
    writer.send('late');
    writer.close();
    expect((await answer).text).toBe('late');
  });

  it.each([
    [{ type: 'set_status', status_code: 42 }],
    [{ type: 'set_headers', headers: { 'x-a': '\n' } }],
  ])('is 500 when %j cannot be sent', async (message) => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const writer = writerOf(engine, await delivery(worker));
    writer.open();
    writer.say(message);
    writer.send('text');
    expect(errorOf(await answer)).toMatchObject({ code: 'INVALID_RESPONSE' });
  });

  it('is cut off, not ended, when the function fails halfway', async () => {
    const { fetch, serve, engine } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const frame = await delivery(worker);
    const writer = writerOf(engine, frame);
    writer.open();
    writer.send('half');
    worker.answer(frame, { error: { code: 'x', message: 'y' } });
    await expect(answer).rejects.toThrow();
  });
});

describe('stopping', () => {
  it('answers open requests first, and takes no new connections', async () => {
    const { fetch, serve, listener, port } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const frame = await delivery(worker);
    const stopped = listener.stop();
    await expect(fetch('/a')).rejects.toThrow('ECONNREFUSED');
    worker.answer(frame, { result: { body: port } });
    expect((await answer).text).toBe(String(port));
    await stopped;
  });

  it('cuts off what is not answered within the grace', async () => {
    const { fetch, serve, listener, clock } = await startHttp();
    const worker = serve({ api_path: '/a' }, undefined);
    const answer = fetch('/a');
    const failed = expect(answer).rejects.toThrow();
    await delivery(worker);
    const stopped = listener.stop();
    await clock.advance(5_000);
    await stopped;
    await failed;
  });
});
