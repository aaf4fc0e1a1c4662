import { afterEach } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { parseConfig } from '../../src/config/load.ts';
import { machineSources } from '../../src/config/machine.ts';
import { registerWorker, type WorkerOptions } from '../../src/sdk/register-worker.ts';
import type { Worker } from '../../src/sdk/worker.ts';
import { engineConfig } from '../support/engine-config.ts';
import { Relay } from '../support/relay.ts';

const QUEUES = {
  default: { backoff_ms: 1 },
  mail: { max_retries: 3, backoff_ms: 1 },
  payment: { type: 'fifo', message_group_field: 'account', max_retries: 2, backoff_ms: 1 },
};

const closing: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An engine in this process, on a free port, with a memory store. */
export async function startEngine(top: Readonly<Record<string, unknown>> = {}): Promise<{
  readonly app: App;
  readonly url: string;
  readonly port: number;
}> {
  const { config, problems } = parseConfig(engineConfig(QUEUES, top), {
    ...machineSources,
    file: null,
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (config === null) throw new Error(JSON.stringify(problems));
  const app = await startApp({ config: { ...config, shutdownGraceMs: 100 } });
  closing.push(() => app.stop());
  const url = app.url ?? '';
  return { app, url, port: Number(new URL(url).port) };
}

/** A worker that ends with the test, comes back fast, and keeps its problems. */
export function startWorker(
  url: string,
  options: WorkerOptions = {},
): Worker & { readonly problems: Error[] } {
  const problems: Error[] = [];
  const worker = registerWorker(url, {
    token: '',
    reconnectMs: 10,
    invocationTimeoutMs: 5_000,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  closing.push(() => worker.shutdown({ graceMs: 0 }));
  return Object.assign(worker, { problems });
}

/** A relay before an engine, whose connections a test can cut. */
export async function startRelay(port: number): Promise<Relay> {
  const relay = await Relay.to(port);
  closing.push(() => {
    relay.close();
  });
  return relay;
}
