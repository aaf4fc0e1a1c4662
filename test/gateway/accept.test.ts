import { describe, expect, it } from 'vitest';
import { checkUpgrade } from '../../src/gateway/accept.ts';

const rules = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] };
const worker = { kind: 'accepted', endpoint: 'worker', token: null };
const local = { host: 'localhost:49134' };

describe('the path of an upgrade request', () => {
  it.each([
    ['/', 'worker'],
    ['/?x=1', 'worker'],
    ['/base/', 'worker'],
    ['/otel', 'telemetry'],
    ['/base/otel?x=/', 'telemetry'],
  ])('%s is the %s endpoint', (url, endpoint) => {
    expect(checkUpgrade({ url, headers: local }, rules)).toEqual({ ...worker, endpoint });
  });

  it.each(['/ws/channels/a-1?key=k&dir=read', '/base/ws/channels/a-1?dir=read&key=k'])(
    '%s leads to one side of a channel',
    (url) => {
      expect(checkUpgrade({ url, headers: local }, rules)).toEqual({
        kind: 'channel',
        id: 'a-1',
        key: 'k',
        direction: 'read',
      });
    },
  );

  it.each(['/health', '/ws/channels/1?key=k', '/ws/channels/1?key=k&dir=up', '', '/otel/x'])(
    '%s is 404',
    (url) => {
      expect(checkUpgrade({ url, headers: local }, rules)).toMatchObject({ status: 404 });
    },
  );
});

describe('the Host of an upgrade request', () => {
  it.each([
    'localhost',
    'LOCALHOST:1',
    'localhost.:49134',
    '127.0.0.1:49134',
    '127.8.8.8',
    '[::1]:49134',
  ])('%s is this machine', (host) => {
    expect(checkUpgrade({ url: '/', headers: { host } }, rules)).toEqual(worker);
  });

  it.each([
    '',
    'evil.test',
    'evil.test:49134',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
    '192.168.1.5',
    '0.0.0.0:49134',
    '[::1',
    '[::2]:49134',
  ])('%s is refused', (host) => {
    expect(checkUpgrade({ url: '/', headers: { host } }, rules)).toMatchObject({ status: 403 });
  });

  it('may be missing in no request', () => {
    expect(checkUpgrade({ url: '/', headers: {} }, rules)).toMatchObject({ status: 403 });
  });

  it('may be the host the listener is bound to, unless that is every host', () => {
    const request = { url: '/', headers: { host: 'queue.test:49134' } };
    expect(checkUpgrade(request, { ...rules, host: 'queue.test' })).toEqual(worker);
    const wildcard = { url: '/', headers: { host: '0.0.0.0:49134' } };
    expect(checkUpgrade(wildcard, { ...rules, host: '0.0.0.0' })).toMatchObject({ status: 403 });
  });

  it.each([
    ['queue.test', 'Queue.test:49134', true],
    ['queue.test:49134', 'queue.test:49134', true],
    ['queue.test:49134', 'queue.test:80', false],
    ['queue.test', 'other.queue.test', false],
    ['10.0.0.7', '10.0.0.7:49134', true],
  ])('with %s allowed, %s: %s', (allowed, host, expected) => {
    const acceptance = checkUpgrade(
      { url: '/', headers: { host } },
      { ...rules, host: '0.0.0.0', allowedHosts: [allowed] },
    );
    expect(acceptance.kind === 'accepted').toBe(expected);
  });
});

describe('the Origin of an upgrade request', () => {
  it.each([
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: 'http://localhost:49134' },
    { 'sec-websocket-origin': 'https://evil.test' },
  ])('%o is refused by default', (headers) => {
    expect(checkUpgrade({ url: '/', headers: { ...local, ...headers } }, rules)).toMatchObject({
      status: 403,
    });
  });

  it('is accepted when it is allowed, letter by letter', () => {
    const allowing = { ...rules, allowedOrigins: ['https://console.test'] };
    const from = (origin: string) =>
      checkUpgrade({ url: '/', headers: { ...local, origin } }, allowing);
    expect(from('https://console.test')).toEqual(worker);
    expect(from('https://console.test.evil.test')).toMatchObject({ status: 403 });
    expect(from('http://console.test')).toMatchObject({ status: 403 });
  });
});

describe('the token of an upgrade request', () => {
  it.each([
    [{ authorization: 'Bearer t0' }, 't0'],
    [{ authorization: 'bearer  t0' }, 't0'],
    [{ authorization: 'Basic dDA=' }, null],
    [{ 'sec-websocket-protocol': 'chat, iii-token.t0' }, 't0'],
    [{ 'sec-websocket-protocol': 'chat' }, null],
    [{ authorization: 'Bearer t1', 'sec-websocket-protocol': 'iii-token.t0' }, 't1'],
  ])('of %o is %s', (headers, token) => {
    expect(checkUpgrade({ url: '/', headers: { ...local, ...headers } }, rules)).toEqual({
      ...worker,
      token,
    });
  });
});
