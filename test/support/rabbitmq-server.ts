import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './eventually.ts';

const PLACES = ['/usr/lib/rabbitmq/bin', '/usr/sbin', '/usr/local/sbin', '/opt/rabbitmq/sbin'];
const START_MS = 60_000;
const run = promisify(execFile);

/** The folder with `rabbitmq-server`; `undefined` where there is none. */
export function findRabbitMq(): string | undefined {
  const path = (process.env['PATH'] ?? '').split(':');
  return [...PLACES, ...path].find((folder) => existsSync(join(folder, 'rabbitmq-server')));
}

/** A RabbitMQ node of its own, with everything in a temporary folder and on free ports of 127.0.0.1. */
export class RabbitMqServer {
  readonly port: number;
  readonly #folder: string;
  readonly #bin: string;
  readonly #env: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;

  private constructor(bin: string, folder: string, ports: readonly [number, number, number]) {
    const [port, distribution, mapper] = ports;
    this.#bin = bin;
    this.#folder = folder;
    this.port = port;
    this.#env = {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      HOME: folder,
      RABBITMQ_NODENAME: `iii${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none',
    };
  }

  /** Starts a node; it takes some seconds. */
  static async start(bin: string): Promise<RabbitMqServer> {
    const folder = mkdtempSync(join(tmpdir(), 'iii-rabbitmq-'));
    writeFileSync(join(folder, 'enabled_plugins'), '[].\n');
    const settings = ['vm_memory_high_watermark.relative = 0.4', 'disk_free_limit.absolute = 50MB'];
    writeFileSync(join(folder, 'rabbitmq.conf'), `${settings.join('\n')}\n`);
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const server = new RabbitMqServer(bin, folder, ports);
    await server.up();
    return server;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`;
  }

  /** Starts the node, again after `kill`. */
  async up(): Promise<void> {
    const started = spawn(join(this.#bin, 'rabbitmq-server'), [], {
      env: this.#env,
      stdio: 'ignore',
      detached: true,
    });
    this.#process = started;
    await eventually(() => canConnect(this.port), START_MS);
  }

  /** Kills the node: nothing is flushed. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops every process of the node where it stands. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** Runs `rabbitmqctl` and answers what it prints. */
  async control(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(join(this.#bin, 'rabbitmqctl'), ['-q', ...args], {
      env: this.#env,
    });
    return stdout;
  }

  /** Ends the node and removes everything it had. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    await run(mapperOf(this.#bin), ['-port', this.#env['ERL_EPMD_PORT'] ?? '', '-kill'], {
      env: this.#env,
    }).catch(() => undefined);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid !== undefined) process.kill(-pid, signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process;
    if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => {
      ended.once('exit', () => {
        resolve();
      });
    });
    this.#signal(signal);
    await gone;
    // the script is gone at once, the node a moment later
    await eventually(async () => !(await canConnect(this.port)));
  }
}

/** The port mapper stands beside Erlang, which the node's folder does not name. */
function mapperOf(bin: string): string {
  return (
    ['/usr/bin/epmd', '/usr/local/bin/epmd', join(bin, 'epmd')].find((path) => existsSync(path)) ??
    'epmd'
  );
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
