import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AdminClient, connect } from '../src/admin/client.ts';
import type { QueueSummary } from '../src/admin/contract.ts';
import { SystemClock } from '../src/base/clock.ts';
import { type Child, startChild } from './child.ts';

/** The built command line. */
export const BINARY = fileURLToPath(new URL('../bin/iii.js', import.meta.url));

const PROBE = new URL('loop-probe.mjs', import.meta.url).href;

/** The numbers of outstanding jobs that are measured; each has a queue with that concurrency. */
export const OUTSTANDING = [100, 1_000] as const;

export function queueFor(outstanding: number): string {
  return `bench-${outstanding}`;
}

/** The queue in which the orders of the HTTP measurement wait. */
export const HTTP_QUEUE = queueFor(100);

export type StoreKind = 'memory' | 'file';

/** The longest times an engine's event loop was away, in milliseconds. */
export interface LoopDelay {
  readonly longestMs: number;
  /** Without the time in which other processes had its core. */
  readonly longestBusyMs: number;
}

/** An engine in its own process. */
export interface BenchEngine {
  readonly url: string;
  readonly httpPort: number;
  readonly pid: number;
  /** From its start until it listened. */
  readonly startMs: number;
  readonly client: AdminClient;
  queue(name: string): Promise<QueueSummary>;
  /** Since its start, or since the last time it was asked. */
  loopDelay(): Promise<LoopDelay>;
  /** Ends the engine. */
  stop(): Promise<void>;
}

/** Starts an engine in a folder of its own, which goes when it is stopped. */
export async function startEngine(store: StoreKind): Promise<BenchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const engine = await startEngineIn(folder, store);
  return {
    ...engine,
    stop: async () => {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The store of an engine that was started in this folder. */
export function storeIn(folder: string): string {
  return join(folder, 'data');
}

/** Starts an engine in a folder, with what an earlier one left there. */
export async function startEngineIn(folder: string, store: StoreKind): Promise<BenchEngine> {
  await mkdir(folder, { recursive: true });
  const queues = OUTSTANDING.map(
    (count) => `      ${queueFor(count)}: { concurrency: ${count} }\n`,
  );
  await writeFile(
    join(folder, 'iii-config.yaml'),
    `workers:\n  - name: iii-queue\n    config:\n      queue_configs:\n${queues.join('').replace(/^/gm, '  ').trimEnd()}\n`,
  );
  const startedAt = performance.now();
  const child: Child = await startChild(
    [
      ...['--import', PROBE, BINARY],
      ...['serve', '--store', store === 'memory' ? 'memory' : storeIn(folder)],
      ...['--port', '0', '--http-port', '0', '--log-level', 'error', '--quiet', '-o', 'json'],
    ],
    folder,
  );
  const startMs = performance.now() - startedAt;
  const url = String(child.ready['url']);
  const client = await connect({ url, token: null, timeoutMs: 60_000, clock: new SystemClock() });
  return {
    url,
    httpPort: Number(new URL(String(child.ready['httpUrl'])).port),
    pid: child.pid,
    startMs,
    client,
    queue: async (name) => {
      const { queues: all } = await client.call('iii::queue::list', {});
      const found = all.find((queue) => queue.name === name);
      if (found === undefined) throw new Error(`the engine has no queue ${name}`);
      return found;
    },
    loopDelay: async () => (await child.ask('loop')) as LoopDelay,
    stop: async () => {
      await client.close();
      await child.stop();
    },
  };
}
