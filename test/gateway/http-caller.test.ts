import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock, SystemClock } from '../../src/base/clock.ts';
import { readInvocation, type HttpCall } from '../../src/engine/http-functions.ts';
import { httpCaller, type HttpCallerParts } from '../../src/gateway/http-caller.ts';
import { eventually } from '../support/eventually.ts';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Respond = (response: ServerResponse, seen: Seen) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(respond: Respond): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const { method, url, headers } = request;
      const one = { method, url, headers, body };
      seen.push(one);
      respond(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, seen };
}

const OPEN = { allowlist: ['*'], blockPrivateAddresses: false, requireHttps: false };
const CALL: HttpCall = {
  functionId: 'ext::pdf',
  invocationId: '7d0c8d83-0000-4000-8000-000000000000',
  data: '{"id":12345678901234567890}',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
  baggage: null,
};

function send(written: Record<string, unknown>, parts: Partial<HttpCallerParts> = {}) {
  const caller = httpCaller({ policy: OPEN, clock: new SystemClock(), env: {}, ...parts });
  return caller.call(readInvocation(written), CALL, new AbortController().signal);
}

const json =
  (status: number, body: string): Respond =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };

describe('a call over HTTP', () => {
  it('carries the data unchanged, says which call it is, and brings the answer back', async () => {
    const { url, seen } = await serve(json(200, '{"price":1.0}'));
    const clock = new ManualClock(1_700_000_000_500);
    const written = { url: `${url}/render?x=1`, headers: { 'x-tenant': 'a', 'x-none': null } };
    expect(await send(written, { clock })).toEqual({ kind: 'result', result: '{"price":1.0}' });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/render?x=1',
        body: CALL.data,
        headers: {
          'content-type': 'application/json',
          'x-iii-function-path': 'ext::pdf',
          'x-iii-invocation-id': CALL.invocationId,
          'x-iii-timestamp': '1700000000',
          'x-tenant': 'a',
          traceparent: CALL.traceparent,
          tracestate: CALL.tracestate,
        },
      },
    ]);
    expect(seen[0]?.headers).not.toHaveProperty('x-none');
  });

  it('authenticates with secrets of the environment', async () => {
    const { url, seen } = await serve(json(200, 'null'));
    const clock = new ManualClock(1_700_000_000_000);
    const env = { TOK: 'secret' };
    const auths = [
      { type: 'bearer', token_key: 'TOK' },
      { type: 'api_key', header: 'X-Api-Key', value_key: 'TOK' },
      { type: 'hmac', secret_key: 'TOK' },
    ];
    for (const auth of auths) await send({ url, method: 'put', auth }, { clock, env });
    expect(seen.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
    expect(seen[0]?.headers.authorization).toBe('Bearer secret');
    expect(seen[1]?.headers['x-api-key']).toBe('secret');
    const signed = `1700000000:${Buffer.from(CALL.data).toString('base64')}`;
    const digest = createHmac('sha256', 'secret').update(signed).digest('hex');
    expect(seen[2]?.headers['x-iii-signature']).toBe(`sha256=${digest}`);
  });

  it.each([
    ['an empty answer has no result', 204, '', { kind: 'result', result: null }],
    ['a body that is not JSON fails', 200, 'hello', { error: { code: 'invalid_response' } }],
    ['a redirect is not followed', 302, '', { error: { code: 'http_error' } }],
    [
      'a failure has its status',
      500,
      'oops',
      { error: { code: 'http_error', message: 'HTTP 500' } },
    ],
    [
      'or what it says of itself',
      422,
      '{"error":{"code":"non_retryable","message":"no","retry_after_ms":5}}',
      { error: { code: 'non_retryable', message: 'no', retry_after_ms: 5 } },
    ],
    ['or its status when it says nothing useful', 400, 'null', { error: { code: 'http_error' } }],
  ])('%s', async (_name, status, body, answer) => {
    const { url } = await serve((response) => {
      response.writeHead(status, { location: 'http://localhost:1/' }).end(body);
    });
    expect(await send({ url })).toMatchObject(answer);
  });

  it('ends when its time is over', async () => {
    const { url, seen } = await serve(() => undefined);
    const clock = new ManualClock();
    const answer = send({ url, timeout_ms: 5_000 }, { clock });
    await eventually(() => seen.length === 1);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({
      error: { code: 'http_request_failed', message: 'no answer within 5000 ms' },
    });
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('ends when nobody wants it any more', async () => {
    let closed = false;
    const { url, seen } = await serve((response) => {
      response.once('close', () => (closed = true));
    });
    const abandoned = new AbortController();
    const caller = httpCaller({ policy: OPEN, clock: new SystemClock(), env: {} });
    const answer = caller.call(readInvocation({ url }), CALL, abandoned.signal);
    await eventually(() => seen.length === 1);
    abandoned.abort();
    expect(await answer).toMatchObject({ kind: 'error' });
    await eventually(() => closed);
  });

  it('fails when nobody listens, when the connection breaks, and on headers that cannot be', async () => {
    expect(await send({ url: 'http://127.0.0.1:1/' })).toMatchObject({
      error: { code: 'http_request_failed' },
    });
    const { url } = await serve((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => response.destroy());
    });
    expect(await send({ url })).toMatchObject({ error: { code: 'http_response_failed' } });
    expect(await send({ url, headers: { 'bad name': 'x' } })).toMatchObject({
      error: { code: 'http_request_failed' },
    });
  });

  it('never reaches an address that is refused, also behind a name', async () => {
    const { url, seen } = await serve(json(200, '1'));
    const policy = { ...OPEN, blockPrivateAddresses: true };
    for (const target of [url, url.replace('localhost', '127.0.0.1')]) {
      expect(await send({ url: target }, { policy })).toMatchObject({
        error: {
          code: 'url_validation_failed',
          message: expect.stringContaining('private network'),
        },
      });
    }
    expect(await send({ url }, { policy: { ...OPEN, requireHttps: true } })).toMatchObject({
      error: { code: 'url_validation_failed' },
    });
    expect(seen).toHaveLength(0);
  });

  it('does not go out without its secret', async () => {
    const { url, seen } = await serve(json(200, '1'));
    const written = { url, auth: { type: 'bearer', token_key: 'NOT_THERE' } };
    expect(await send(written)).toMatchObject({
      error: { code: 'missing_env_var', message: expect.stringContaining('NOT_THERE') },
    });
    expect(seen).toHaveLength(0);
    const caller = httpCaller({ policy: OPEN, clock: new SystemClock(), env: {} });
    expect(caller.problemOf(readInvocation(written))).toContain('NOT_THERE');
    expect(caller.problemOf(readInvocation({ url }))).toBeNull();
  });
});
