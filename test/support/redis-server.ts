import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';

const PROGRAM = 'redis-server';

/** Why there is no Redis server to test with; `null` when there is one. */
export const redisMissing: string | null =
  spawnSync(PROGRAM, ['--version']).status === 0
    ? null
    : `no ${PROGRAM} on PATH (apt-get install redis-server)`;

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A Redis server of a test's own, in a folder of its own. It ends with the test process. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'iii-redis-'));
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;
  readonly #onExit = (): void => {
    this.#process?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  private constructor(port: number, settings: readonly string[]) {
    this.port = port;
    this.#settings = settings;
    process.once('exit', this.#onExit);
  }

  /** @param settings further ones, such as `['--appendonly', 'yes']` */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts the server on its data; resolves when it answers. @param settings in place of those it had */
  async restart(settings = this.#settings): Promise<void> {
    const place = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder];
    this.#process = spawn(PROGRAM, [...place, '--save', '', ...settings], {
      stdio: 'ignore',
    });
    await eventually(async () => (await this.command('PING')) === 'PONG');
  }

  /** Sends one command over a connection of its own. */
  async command(name: string, ...args: readonly string[]): Promise<unknown> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** Ends the server at once, as a crash does. */
  async kill(): Promise<void> {
    const ended = this.#process;
    if (ended === undefined || ended.exitCode !== null) return;
    const exited = new Promise((resolve) => ended.once('exit', resolve));
    ended.kill('SIGKILL');
    await exited;
    this.#process = undefined;
  }

  async stop(): Promise<void> {
    await this.kill();
    process.off('exit', this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
