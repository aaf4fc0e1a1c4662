import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../src/admin/client.ts';
import type { QueueSummary } from '../src/admin/contract.ts';
import { SystemClock } from '../src/base/clock.ts';
import { type Child, startChild } from './child.ts';

/** The built command line. */
export const BINARY = fileURLToPath(new URL('../bin/iii.js', import.meta.url));

/** The numbers of outstanding jobs that are measured; each has a queue with that concurrency. */
export const OUTSTANDING = [100, 1_000] as const;

export function queueFor(outstanding: number): string {
  return `bench-${outstanding}`;
}

export type StoreKind = 'memory' | 'file';

/** A freshly started engine in its own process and folder. */
export interface BenchEngine {
  readonly url: string;
  readonly pid: number;
  queue(name: string): Promise<QueueSummary>;
  /** Ends the engine and removes its folder. */
  stop(): Promise<void>;
}

export async function startEngine(store: StoreKind): Promise<BenchEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const queues = OUTSTANDING.map(
    (count) => `      ${queueFor(count)}: { concurrency: ${count} }\n`,
  );
  await writeFile(
    join(folder, 'iii-config.yaml'),
    `workers:\n  - name: iii-queue\n    config:\n      queue_configs:\n${queues.join('').replace(/^/gm, '  ').trimEnd()}\n`,
  );
  const where = store === 'memory' ? 'memory' : join(folder, 'data');
  const child: Child = await startChild(
    [
      BINARY,
      ...['serve', '--store', where, '--port', '0', '--http-port', '0'],
      ...['--log-level', 'error', '--quiet', '-o', 'json'],
    ],
    folder,
  );
  const url = String(child.ready['url']);
  const client = await connect({ url, token: null, timeoutMs: 10_000, clock: new SystemClock() });
  return {
    url,
    pid: child.pid,
    queue: async (name) => {
      const { queues: all } = await client.call('iii::queue::list', {});
      const found = all.find((queue) => queue.name === name);
      if (found === undefined) throw new Error(`the engine has no queue ${name}`);
      return found;
    },
    stop: async () => {
      await client.close();
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
