import { once } from 'node:events';
import { get } from 'node:http';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { Gateway } from '../../src/gateway/gateway.ts';
import { GREETING, recordLog, refusalOf, startGateway, TestClient } from './harness.ts';

const running: Gateway[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
});

async function start(options: Parameters<typeof startGateway>[0] = {}) {
  const started = await startGateway(options);
  running.push(started.gateway);
  return started;
}

const call = (n: number): string => `{"type":"invokefunction","function_id":"f${n}"}`;

describe('listening', () => {
  it('answers a plain request with 426 and nothing else', async () => {
    const { port } = await start();
    const [response] = (await once(get({ host: '127.0.0.1', port }), 'response')) as [
      { statusCode: number; setEncoding(name: string): void } & AsyncIterable<string>,
    ];
    response.setEncoding('utf8');
    let body = '';
    for await (const chunk of response) body += chunk;
    expect([response.statusCode, body]).toEqual([426, '']);
  });

  it('listens on both loopback addresses where the machine has both', async () => {
    const { port, lines } = await start();
    const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
    if (addresses.some(({ address }) => address === '::1')) {
      const client = new TestClient(`ws://[::1]:${port}`);
      expect(await client.next()).toBe(GREETING);
    } else {
      expect(lines).toContainEqual(expect.objectContaining({ message: 'not listening on ::1' }));
    }
  });

  it('says which port is in use and how to take another', async () => {
    const { gateway, port } = await start();
    const options = { handshakeTimeoutMs: 1_000, allowedHosts: [], allowedOrigins: [] };
    const second = await startGateway({ listen: { ...options, port } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(second).toMatchObject({
      code: 'PORT_IN_USE',
      message: `port ${port} on 127.0.0.1 is in use`,
      hint: expect.stringContaining('iii serve --port 0'),
    });
    expect(gateway.address().port).toBe(port);
  });

  it('says when the machine does not have the address', async () => {
    const failed = await startGateway({ listen: { host: '203.0.113.1' } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(failed).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('starts and stops once, however often it is told to', async () => {
    const { gateway, url } = await start();
    await gateway.start();
    const client = new TestClient(url);
    await client.next();
    await Promise.all([gateway.stop(), gateway.stop()]);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(() => gateway.address()).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    await gateway.start();
    const again = new TestClient(`ws://127.0.0.1:${gateway.address().port}`);
    expect(await again.next()).toBe(GREETING);
  });

  it('cuts a peer that does not answer the close when the grace is over', async () => {
    const { gateway, clock, url, sessions } = await start();
    const client = new TestClient(url);
    await client.next();
    client.webSocket.pause();
    const stopped = gateway.stop();
    await clock.advance(5_000);
    await stopped;
    await sessions[0]!.closed;
    client.webSocket.terminate();
    expect(clock.nextTimerAt()).toBeUndefined();
  });
});

describe('upgrade requests', () => {
  it('are refused with a bare status and a line in the log', async () => {
    const { url, lines, sessions } = await start();
    const origin = 'https://evil.test';
    expect(await refusalOf(new TestClient(url, [], { origin }))).toBe(403);
    expect(await refusalOf(new TestClient(`${url}/health`))).toBe(404);
    expect(await refusalOf(new TestClient(url, [], { headers: { host: 'evil.test' } }))).toBe(403);
    expect(sessions).toEqual([]);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      {
        level: 'warn',
        message: 'a connection was refused',
        fields: expect.objectContaining({ status: 403, origin }),
      },
    ]);
  });

  it('get no compression, whatever they offer', async () => {
    const { url } = await start();
    const client = new TestClient(url, [], { perMessageDeflate: true });
    await client.opened;
    expect(client.webSocket.extensions).toBe('');
  });
});

describe('a session', () => {
  it('speaks first, and knows where the peer is', async () => {
    const { url, sessions } = await start();
    expect(await new TestClient(url).next()).toBe(GREETING);
    expect(sessions[0]?.info).toEqual({
      remoteAddress: '127.0.0.1',
      role: null,
      tokenName: null,
    });
  });

  it('gets the messages in order, and learns that the peer is gone', async () => {
    const { url, sessions } = await start();
    const client = new TestClient(url);
    await client.next();
    client.send(...Array.from({ length: 50 }, (_, n) => call(n)), Buffer.from(call(50)));
    await client.roundTrip();
    const ids = sessions[0]!.messages.map(
      (message) => 'functionId' in message && message.functionId,
    );
    expect(ids).toEqual(Array.from({ length: 51 }, (_, n) => `f${n}`));
    client.webSocket.close();
    await sessions[0]!.closed;
  });

  it('is not told of pings, pongs and needless tokens', async () => {
    const { url, sessions, lines } = await start();
    const client = new TestClient(url);
    await client.next();
    client.send('{"type":"pong"}', '{"type":"auth","token":"t"}', ' ');
    expect(await client.roundTrip()).toEqual([]);
    expect(sessions[0]!.messages).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('survives its own throw', async () => {
    const { url, lines } = await start({
      onMessage: (message, link) => {
        if ('functionId' in message && message.functionId === 'f0') throw new Error('planted');
        link.send('fine');
      },
    });
    const client = new TestClient(url);
    await client.next();
    client.send(call(0), call(1));
    expect(await client.roundTrip()).toEqual(['fine']);
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'handling a message failed',
        fields: expect.objectContaining({ error: 'planted', kind: 'invoke_function' }),
      },
    ]);
  });

  it('that cannot be opened closes the connection with 1011', async () => {
    const { url, lines } = await start({
      openSession: () => {
        throw new Error('planted');
      },
    });
    expect(await new TestClient(url).closed).toMatchObject({ code: 1011 });
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('gets nothing more once the engine has closed the connection', async () => {
    const { url, sessions } = await start({
      onMessage: (_message, link) => link.close(1000, 'bye'),
    });
    const client = new TestClient(url);
    await client.next();
    client.send(call(0), call(1));
    expect(await client.closed).toEqual({ code: 1000, reason: 'bye' });
    expect(sessions[0]!.messages).toHaveLength(1);
  });

  it('keeps going through frames nobody understands, which are logged once and then counted', async () => {
    const { url, lines, clock, sessions } = await start();
    const client = new TestClient(url);
    await client.next();
    client.send('secret', '{"type":"secret"}', '{"type":"registerfunction"}', Buffer.from([255]));
    client.send(call(1));
    await client.roundTrip();
    expect(sessions[0]!.messages).toHaveLength(1);
    const dropped = { level: 'warn', message: 'a frame was dropped' };
    const remoteAddress = '127.0.0.1';
    expect(lines).toEqual([{ ...dropped, fields: { remoteAddress, reason: 'not valid JSON' } }]);
    await clock.advance(10_000);
    expect(lines.slice(1)).toEqual([
      {
        ...dropped,
        fields: {
          remoteAddress,
          reason: 'binary frame is neither telemetry nor UTF-8',
          times: 3,
        },
      },
    ]);
    await clock.advance(10_000);
    expect(lines).toHaveLength(2);
  });

  it('ends with 1009 when a frame is too long', async () => {
    const { url, sessions } = await start({ limits: { maxFrameBytes: 1_000 } });
    const client = new TestClient(url);
    await client.next();
    client.send('x'.repeat(1_001));
    expect(await client.closed).toMatchObject({ code: 1009 });
    await sessions[0]!.closed;
  });
});

describe('telemetry', () => {
  const frame = Buffer.from('LOGS{"resourceLogs":[]}');

  it('of SDK 0.9, which opens a second worker connection for it, reaches no session', async () => {
    const signals: string[] = [];
    const { url, sessions } = await start({ onTelemetry: (signal) => signals.push(signal) });
    const ghost = new TestClient(url);
    await ghost.next();
    ghost.send(frame, Buffer.from('OTLP{'), Buffer.from('MTRC\xff', 'latin1'));
    expect(await ghost.roundTrip()).toEqual([]);
    expect(signals).toEqual(['logs', 'traces', 'metrics']);
    expect(sessions[0]!.messages).toEqual([]);
  });

  it('of SDK 0.11 comes on /otel, where nothing is answered and text is ignored', async () => {
    let count = (): void => undefined;
    const counted = new Promise<void>((resolve) => {
      count = resolve;
    });
    const { url, sessions, lines } = await start({ onTelemetry: () => count() });
    const client = new TestClient(`${url}/otel`);
    const frames: unknown[] = [];
    client.webSocket.on('message', (data) => frames.push(data));
    await client.opened;
    client.send('{"type":"ping"}', Buffer.from('{"type":"ping"}'), frame);
    await counted;
    client.webSocket.close();
    await client.closed;
    expect([sessions, lines, frames]).toEqual([[], [], []]);
  });
});

describe('the heartbeat', () => {
  it('drops a peer that has missed two pongs, and keeps one that answers', async () => {
    const { url, sessions, clock } = await start();
    const silent = new TestClient(url, [], { autoPong: false });
    await silent.next();
    const alive = new TestClient(url);
    await alive.next();
    for (let beat = 1; beat <= 2; beat++) {
      const pinged = once(alive.webSocket, 'ping');
      await clock.advance(20_000);
      await pinged;
      // the pong has left before this, so it has arrived when this is answered
      await alive.roundTrip();
    }
    expect(silent.webSocket.readyState).toBe(silent.webSocket.OPEN);
    await clock.advance(20_000);
    expect(await silent.closed).toMatchObject({ code: 1006 });
    await sessions[0]!.closed;
    expect(await alive.roundTrip()).toEqual([]);
  });
});

it('a gateway that never started stops without a word', async () => {
  const { log, lines } = recordLog();
  const { channels, clock } = await start();
  const gateway = new Gateway({
    listen: {
      host: '127.0.0.1',
      port: 0,
      handshakeTimeoutMs: 1,
      allowedHosts: [],
      allowedOrigins: [],
    },
    tokens: [],
    openSession: () => ({ receive: () => undefined, closed: () => undefined }),
    channels,
    log,
    clock,
  });
  await gateway.stop();
  expect(lines).toEqual([]);
});
