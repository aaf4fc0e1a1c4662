import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { parse } from '../config/config-fixture.ts';
import { eventually } from '../support/eventually.ts';

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  delete process.env['ALERT_TOKEN'];
});

/** Refuses the first request, and says `ok` to the others, as chat programs do. */
async function receive(): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      const { method, headers } = request;
      seen.push({ method, headers, body: JSON.parse(text) as Seen['body'] });
      if (seen.length === 1) response.writeHead(503).end();
      else response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tell?key=1`, seen };
}

async function start(text: string): Promise<{ app: App; clock: ManualClock }> {
  const { config, problems } = parse(text, { overrides: { store: 'memory' } });
  if (config === null) throw new Error(JSON.stringify(problems));
  const clock = new ManualClock();
  const app = await startApp({ config, clock, listen: false });
  closers.push(() => app.stop());
  return { app, clock };
}

it('an engine posts that jobs wait without a worker, again until it is taken', async () => {
  process.env['ALERT_TOKEN'] = 'swordfish';
  const { url, seen } = await receive();
  const { app, clock } = await start(`alerts:
  - { when: no_workers, for: 10s, url: '${url}', auth: { type: bearer, env: ALERT_TOKEN } }
`);
  await app.engine.enqueue([
    {
      ...{ functionId: 'send', data: { text: '{}', depth: 1 }, options: {} },
      ...{ traceparent: null, baggage: null, metadata: null },
    },
  ]);
  await clock.advance(13_000);
  const first = await eventually(() => seen[0]);
  expect(first).toMatchObject({
    method: 'POST',
    headers: { authorization: 'Bearer swordfish', 'content-type': 'application/json' },
    body: {
      alert: 'no_workers',
      state: 'firing',
      queue: 'default',
      text: '1 job of default waits for functions that no worker offers',
    },
  });
  const shown = await app.engine.call('iii::queue::get', '{"queue":"default"}');
  expect(JSON.parse(shown ?? '')).toMatchObject({
    alerts: [{ alert: 'no_workers', since: first.body['since'] }],
  });
  const second = await eventually(async () => {
    await clock.advance(1_000);
    return seen[1];
  });
  expect(second.body).toEqual(first.body);
});
