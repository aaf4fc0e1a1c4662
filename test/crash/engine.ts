import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from './history.ts';

const BINARY =
  process.env['III_BINARY'] ?? fileURLToPath(new URL('../../bin/iii.js', import.meta.url));

const CONFIG = `
workers:
  - name: iii-queue
    config:
      queue_configs:
        plain: { max_retries: 2, backoff_ms: 30, concurrency: 20 }
        grouped: { type: fifo, message_group_field: group, group_concurrency: 8, concurrency: 20, max_retries: 2, backoff_ms: 30 }
`;

/** One life of the built engine. */
export class Engine {
  readonly startedInMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, startedInMs: number) {
    this.#child = child;
    this.startedInMs = startedInMs;
  }

  /** @param scratch where the configuration and the log go */
  static async start(store: string, port: number, scratch: string): Promise<Engine> {
    const config = join(scratch, 'engine.yaml');
    writeFileSync(config, CONFIG);
    const begin = monotonicMs();
    const args = ['serve', '-o', 'json', '-c', config, '--store', store, '--grace', '5s'];
    const ports = ['--port', String(port), '--http-port', '0'];
    const child = spawn(process.execPath, [BINARY, ...args, ...ports], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(scratch, 'engine.log'), { flags: 'a' });
    child.stderr.pipe(log);
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the engine ended with ${String(code)}; see ${scratch}/engine.log`);
    });
    exited.catch(() => undefined);
    await Promise.race([once(child.stdout, 'data'), exited]);
    child.stdout.resume();
    return new Engine(child, monotonicMs() - begin);
  }

  /** Ends the process with no warning. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  /** Ends it in order, and answers its exit status. */
  async stop(): Promise<number | null> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await exit) as [number | null];
    return code;
  }
}
