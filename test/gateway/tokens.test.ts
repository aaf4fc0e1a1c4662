import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { findToken, hashToken } from '../../src/gateway/tokens.ts';
import { GREETING, refusalOf, startGateway, TestClient } from './harness.ts';

const tokens = [
  { name: 'shop', sha256: hashToken('t-shop'), role: 'worker' },
  { name: 'ops', sha256: hashToken('t-ops'), role: 'admin' },
] as const;

const auth = (token: string): string => JSON.stringify({ type: 'auth', token });
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const call = '{"type":"invokefunction","function_id":"f"}';

const running: Gateway[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

async function start(options: Parameters<typeof startGateway>[0] = {}) {
  const started = await startGateway({ tokens, ...options });
  running.push(started.gateway);
  return started;
}

async function expectRefusal(client: TestClient): Promise<void> {
  expect(JSON.parse(await client.next())).toMatchObject({
    type: 'error',
    error: { code: 'AUTH_ERROR' },
  });
  expect(await client.closed).toMatchObject({ code: 1008 });
}

describe('findToken', () => {
  it('finds the entry of a token, and none for anything else', () => {
    expect(findToken(tokens, 't-ops')).toBe(tokens[1]);
    expect(findToken(tokens, 't-op')).toBeUndefined();
    expect(findToken(tokens, '')).toBeUndefined();
    expect(findToken([{ ...tokens[0], sha256: 'not hex' }], 't-shop')).toBeUndefined();
  });

  it('knows SHA-256', () => {
    expect(hashToken('abc')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('a token', () => {
  it('in the Authorization header opens the session at once', async () => {
    const { url, sessions } = await start();
    expect(await new TestClient(url, [], bearer('t-ops')).next()).toBe(GREETING);
    expect(sessions[0]?.info).toMatchObject({ role: 'admin', tokenName: 'ops' });
  });

  it('as a sub-protocol is answered with that protocol', async () => {
    const { url, sessions } = await start();
    const client = new TestClient(url, ['chat', 'iii-token.t-shop']);
    expect(await client.next()).toBe(GREETING);
    expect(client.webSocket.protocol).toBe('iii-token.t-shop');
    expect(sessions[0]?.info).toMatchObject({ role: 'worker', tokenName: 'shop' });
  });

  it('as the first frame opens the session, which gets the frames behind it', async () => {
    const { url, sessions } = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const client = new TestClient(url, [], { createConnection: () => socket });
    await client.opened;
    expect(sessions).toEqual([]);
    // all in one piece, which is more than may come before a token
    socket.cork();
    client.send(auth('t-shop'), call, ...Array.from({ length: 200 }, () => call));
    socket.uncork();
    expect(await client.next()).toBe(GREETING);
    await client.roundTrip();
    expect(sessions[0]?.info).toMatchObject({ role: 'worker' });
    expect(sessions[0]?.messages).toHaveLength(201);
  });

  it('that is wrong gets 401 at the upgrade, on both endpoints', async () => {
    const { url } = await start();
    expect(await refusalOf(new TestClient(url, [], bearer('wrong')))).toBe(401);
    expect(await refusalOf(new TestClient(`${url}/otel`, [], bearer('wrong')))).toBe(401);
    expect(await refusalOf(new TestClient(url, ['iii-token.wrong']))).toBe(401);
  });

  it('may be missing on /otel, whose frames are thrown away then', async () => {
    const { url, sessions } = await start();
    const muted = new TestClient(`${url}/otel`);
    await muted.opened;
    muted.send(auth('t-shop'), call);
    await new TestClient(`${url}/otel`, [], bearer('t-shop')).opened;
    expect(sessions).toEqual([]);
  });

  it('is the password of the address, which clients send as Basic', async () => {
    const { url, sessions } = await start();
    const client = new TestClient(url.replace('ws://', 'ws://iii:t-shop@'));
    expect(await client.next()).toBe(GREETING);
    expect(sessions[0]?.info).toMatchObject({ role: 'worker', tokenName: 'shop' });
    expect(await refusalOf(new TestClient(url.replace('ws://', 'ws://iii:wrong@')))).toBe(401);
  });

  it.each([
    ['a wrong token', auth('wrong')],
    ['another message', call],
    ['no JSON', 'hello'],
    ['binary', Buffer.from(auth('t-shop'))],
    ['a long frame', auth('t-shop').padEnd(4_097)],
  ])('%s as the first frame ends the connection', async (_name, first) => {
    const { url, sessions } = await start();
    const client = new TestClient(url);
    await client.opened;
    client.send(first, auth('t-shop'));
    await expectRefusal(client);
    expect(sessions).toEqual([]);
  });

  it('has to come within 5 s', async () => {
    const { url, clock } = await start();
    const client = new TestClient(url);
    await client.opened;
    await clock.advance(5_000);
    await expectRefusal(client);
  });

  it('may not be preceded by the beginning of a long frame', async () => {
    const { url } = await start();
    const client = new TestClient(url);
    await client.opened;
    client.webSocket.send('x'.repeat(5_000), { fin: false });
    await expectRefusal(client);
  });

  it('is waited for by a limited number of connections', async () => {
    const { url } = await start({ limits: { maxUnauthenticatedConnections: 2 } });
    const waiting = [new TestClient(url), new TestClient(url)];
    await Promise.all(waiting.map(({ opened }) => opened));
    expect(await refusalOf(new TestClient(url))).toBe(503);
    expect(await new TestClient(url, [], bearer('t-ops')).next()).toBe(GREETING);
    waiting[0]!.send(auth('t-ops'));
    await waiting[0]!.next();
    await new TestClient(url).opened;
  });

  it('is not looked at for a moment after too many wrong ones', async () => {
    const { url, clock } = await start();
    for (let n = 0; n < 10; n++) {
      expect(await refusalOf(new TestClient(url, [], bearer('wrong')))).toBe(401);
    }
    expect(await refusalOf(new TestClient(url, [], bearer('t-ops')))).toBe(429);
    const client = new TestClient(url);
    await client.opened;
    client.send(auth('t-ops'));
    await expectRefusal(client);
    await clock.advance(1_000);
    expect(await new TestClient(url, [], bearer('t-ops')).next()).toBe(GREETING);
  });
});
