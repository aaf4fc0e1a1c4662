import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { runCli } from '../support/run-cli.ts';

interface Notice {
  readonly state: string;
  readonly since: string;
  readonly queue: string;
}

let engine: EngineProcess | undefined;
let receiver: Server | undefined;

afterEach(async () => {
  await engine?.close();
  receiver?.closeAllConnections();
  receiver?.close();
});

/** A receiver of notices. */
async function listen(notices: Notice[]): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      notices.push(JSON.parse(body) as Notice);
      response.writeHead(204).end();
    });
  });
  receiver = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function iii(...argv: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await runCli([...argv, '-o', 'json'], {
    url: engine?.url ?? '',
  });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  return JSON.parse(stdout);
}

async function firing(): Promise<unknown> {
  const { alerts } = (await iii('queue', 'show', 'payment')) as { alerts: readonly unknown[] };
  return alerts.length > 0 ? alerts : undefined;
}

async function delivered(): Promise<true | undefined> {
  const page = await (await fetch(`${engine?.url.replace('ws:', 'http:')}/metrics`)).text();
  return /^iii_alert_notices_total\{.*result="delivered".*\} 1$/m.test(page) || undefined;
}

describe.each(['SIGKILL', 'SIGTERM'] as const)('an alert that fires over a %s', (signal) => {
  it('is not told again, and its end is', async () => {
    const notices: Notice[] = [];
    const url = await listen(notices);
    const alerts = [{ when: 'no_workers', for: '100ms', url }];
    const queues = { name: 'iii-queue', config: { queue_configs: { payment: {} } } };
    const config = JSON.stringify({ alerts, workers: [queues] });
    engine = await EngineProcess.start({ config, durable: true });
    await iii('enqueue', 'payment', '--function', 'pay', '--data', '{}');
    const told = await eventually(() => notices[0], 15_000);
    await eventually(delivered, 15_000);
    // what is kept of it is on the disk before the receipt of a later job
    await iii('enqueue', 'payment', '--function', 'pay', '--data', '{}');

    engine = await engine.restart(signal);
    await eventually(firing, 15_000);
    await iii('queue', 'purge', 'payment', '--yes');
    await eventually(() => notices[1], 15_000);
    expect(notices).toMatchObject([
      { state: 'firing', queue: 'payment', since: told.since },
      { state: 'resolved', queue: 'payment', since: told.since },
    ]);
  });
});
