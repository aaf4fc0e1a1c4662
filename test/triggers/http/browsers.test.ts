import { describe, expect, it } from 'vitest';
import { startHttp, type HttpCall } from './harness.ts';

const ok = () => ({ result: {} });
const EVIL = 'https://evil.example';
const SHOP = 'https://shop.example';

describe('a request that a page makes', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it.each<[string, HttpCall]>([
    ['a form of another origin', { method: 'POST', headers: { ...form, origin: EVIL } }],
    ['a page without an origin', { method: 'POST', headers: { origin: 'null' } }],
    ['JSON of another origin', { method: 'PUT', headers: { origin: EVIL } }],
    [
      'a request marked as cross-site',
      { method: 'DELETE', headers: { 'sec-fetch-site': 'cross-site' } },
    ],
    ['another port of this machine', { method: 'POST', headers: { origin: 'http://127.0.0.1:1' } }],
  ])('is refused for %s', async (_what, call) => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: '/a', http_method: call.method ?? 'POST' }, ok);
    const answer = await fetch('/a', call);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('another origin');
    expect(worker.deliveries()).toEqual([]);
  });

  it('is answered when it comes from here, from an allowed origin, or changes nothing', async () => {
    const rules = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [SHOP] };
    const { fetch, serve, port } = await startHttp({ rules });
    const worker = serve({ api_path: '/a', http_method: 'POST' }, ok);
    worker.bind('http', 'fn', { api_path: '/a' });
    const post = (headers: HttpCall['headers']) =>
      fetch('/a', { method: 'POST', headers: headers! });
    expect((await post({ origin: `http://127.0.0.1:${port}` })).status).toBe(200);
    expect((await post({ origin: SHOP })).status).toBe(200);
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await fetch('/a', { headers: { origin: EVIL } })).status).toBe(200);
  });

  it.each(['evil.example', 'evil.example:3111', '127.0.0.1.evil.example'])(
    'is refused for the Host %j, whatever it asks',
    async (host) => {
      const { fetch, serve } = await startHttp();
      serve({ api_path: '/a' }, ok);
      const answer = await fetch('/a', { headers: { host } });
      expect(answer.status).toBe(403);
      expect(answer.text).toContain('allowed_hosts');
    },
  );

  it('is answered for a Host that is allowed', async () => {
    const rules = { host: '0.0.0.0', allowedHosts: ['api.example'], allowedOrigins: [] };
    const { fetch, serve } = await startHttp({ rules });
    serve({ api_path: '/a' }, ok);
    expect((await fetch('/a', { headers: { host: 'api.example' } })).status).toBe(200);
  });
});

describe('CORS', () => {
  const preflight = (origin: string): HttpCall => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-a',
    },
  });

  it('is nothing without configuration: no header, and no answer to a browser’s question', async () => {
    const { fetch, serve } = await startHttp();
    serve({ api_path: '/a' }, ok);
    const answer = await fetch('/a', { headers: { origin: SHOP } });
    expect(Object.keys(answer.headers).join()).not.toContain('access-control');
    expect((await fetch('/a', preflight(SHOP))).status).toBe(405);
  });

  it('lets the configured origins in with the configured methods', async () => {
    const cors = { allowedOrigins: [SHOP], allowedMethods: ['GET', 'POST'] };
    const { fetch, serve } = await startHttp({ cors });
    serve({ api_path: '/a', http_method: 'POST' }, ok);
    expect(await fetch('/a', preflight(SHOP))).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': SHOP,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'content-type,x-a',
        vary: 'Origin',
      },
    });
    const allowed = await fetch('/a', { method: 'POST', headers: { origin: SHOP } });
    expect(allowed).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': SHOP },
    });
    const refused = await fetch('/a', preflight(EVIL));
    expect(refused.headers).not.toHaveProperty('access-control-allow-origin');
    expect(refused.headers).not.toHaveProperty('access-control-allow-methods');
    expect((await fetch('/a', { method: 'POST', headers: { origin: EVIL } })).status).toBe(403);
  });

  it('may allow every origin', async () => {
    const { fetch, serve } = await startHttp({
      cors: { allowedOrigins: null, allowedMethods: null },
    });
    serve({ api_path: '/a', http_method: 'POST' }, ok);
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'POST' };
    expect(await fetch('/a', preflight(EVIL))).toMatchObject({ status: 204, headers });
    expect((await fetch('/a', { method: 'POST', headers: { origin: EVIL } })).status).toBe(200);
  });

  it('is for every answer, also that there is no route', async () => {
    const cors = { allowedOrigins: [SHOP], allowedMethods: null };
    const { fetch } = await startHttp({ cors });
    expect(await fetch('/nope', { headers: { origin: SHOP } })).toMatchObject({
      status: 404,
      headers: { 'access-control-allow-origin': SHOP },
    });
  });
});

describe('the trigger type http', () => {
  it('tells a worker why its trigger cannot be', async () => {
    const { worker: connect, fetch } = await startHttp();
    const worker = connect();
    worker.offer('fn');
    const id = worker.bind('http', 'fn', { http_method: 'POST' });
    expect(worker.sent.at(-1)).toMatchObject({
      type: 'triggerregistrationresult',
      id,
      error: { code: 'trigger_registration_failed', message: expect.stringContaining('api_path') },
    });
    worker.unbind(id);
    expect((await fetch('/')).status).toBe(404);
  });

  it('moves a route when its trigger is registered again with another path', async () => {
    const { fetch, serve } = await startHttp();
    const worker = serve({ api_path: '/a' }, ok);
    const again = { type: 'registertrigger', id: 'same', trigger_type: 'http', function_id: 'fn' };
    worker.say({ ...again, config: { api_path: '/b' } });
    worker.say({ ...again, config: { api_path: '/c' } });
    expect((await fetch('/b')).status).toBe(404);
    expect((await fetch('/c')).status).toBe(200);
  });

  it('gives a route back to an earlier worker when the later one goes', async () => {
    const { fetch, worker: connect } = await startHttp();
    const [old, young] = [connect(), connect()];
    for (const [worker, name] of [
      [old, 'old'],
      [young, 'young'],
    ] as const) {
      worker.offer(name);
      worker.onDelivery = () => ({ result: { body: name } });
      worker.bind('http', name, { api_path: '/a' });
    }
    expect((await fetch('/a')).text).toBe('"young"');
    young.disconnect();
    expect((await fetch('/a')).text).toBe('"old"');
    old.disconnect();
    expect((await fetch('/a')).status).toBe(404);
  });
});
