import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, connect } from '../src/admin/client.ts';
import { SystemClock } from '../src/base/clock.ts';
import { startChild } from './child.ts';
import { BINARY } from './engine.ts';

/** An engine of a cluster, in its own process. */
export interface SharedEngine {
  readonly url: string;
  readonly pid: number;
  readonly client: AdminClient;
  stop(): Promise<void>;
}

/**
 * Starts an engine on a shared store.
 * @param adapter one line of configuration
 * @param queues name to concurrency
 */
export async function startSharedEngine(
  adapter: string,
  queues: ReadonlyMap<string, number>,
): Promise<SharedEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'iii-bench-'));
  const lines = [...queues].map(([name, width]) => `        ${name}: { concurrency: ${width} }\n`);
  await writeFile(
    join(folder, 'iii-config.yaml'),
    `workers:\n  - name: iii-queue\n    config:\n      adapter: ${adapter}\n      queue_configs:\n${lines.join('')}`,
  );
  const child = await startChild(
    [
      ...[BINARY, 'serve', '--port', '0', '--http-port', '0'],
      ...['--log-level', 'error', '--quiet', '-o', 'json'],
    ],
    folder,
  );
  const url = String(child.ready['url']);
  const client = await connect({ url, token: null, timeoutMs: 60_000, clock: new SystemClock() });
  return {
    url,
    pid: child.pid,
    client,
    stop: async () => {
      await client.close();
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
