import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from './history.ts';
import { CONCURRENCY, GRACE_MS, GROUPED, GROUPS_AT_ONCE, MAX_ATTEMPTS, PLAIN } from './job-plan.ts';

const BINARY =
  process.env['III_BINARY'] ?? fileURLToPath(new URL('../../bin/iii.js', import.meta.url));

const COMMON = `max_retries: ${MAX_ATTEMPTS}, backoff_ms: 30, concurrency: ${CONCURRENCY}`;
const CONFIG = `
workers:
  - name: iii-queue
    config:
      queue_configs:
        ${PLAIN}: { ${COMMON} }
        ${GROUPED}: { type: fifo, message_group_field: group, group_concurrency: ${GROUPS_AT_ONCE}, ${COMMON} }
`;

export interface EngineSetup {
  readonly store: string;
  readonly port: number;
  /** Where the configuration and the log go. */
  readonly scratch: string;
}

/** A second engine that is not refused must not stay. */
const SECOND_ENGINE_MS = 60_000;

/** One life of the built engine. */
export class Engine {
  readonly #setup: EngineSetup;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #bornAt = monotonicMs();
  #stderr = '';

  constructor(setup: EngineSetup) {
    const { store, port, scratch } = setup;
    this.#setup = setup;
    const config = join(scratch, 'engine.yaml');
    writeFileSync(config, CONFIG);
    const args = ['serve', '-o', 'json', '-c', config, '--store', store];
    const rest = ['--grace', `${GRACE_MS}ms`, '--port', String(port), '--http-port', '0'];
    this.#child = spawn(process.execPath, [BINARY, ...args, ...rest], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(scratch, 'engine.log'), { flags: 'a' });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      log.write(bytes);
      this.#stderr = (this.#stderr + bytes.toString()).slice(-10_000);
    });
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  /** Waits until it is ready, and answers how long that took since it was started. */
  async ready(): Promise<number> {
    const { stdout } = this.#child;
    const exited = this.#exited.then((code) => {
      throw new Error(
        `the engine ended with ${String(code)} (log in ${this.#setup.scratch}):\n${this.#stderr}`,
      );
    });
    exited.catch(() => undefined);
    await Promise.race([stdout === null ? exited : once(stdout, 'data'), exited]);
    stdout?.resume();
    return monotonicMs() - this.#bornAt;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the engine did not start');
    return pid;
  }

  /** Lets it go on after it was stopped. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Waits for its end, for a while. */
  async endsWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.#exited, late]);
    clearTimeout(timer);
  }

  /** Ends the process with no warning. Answers its status when it had ended by itself. */
  kill(): Promise<number | null> {
    this.#child.kill('SIGKILL');
    return this.#exited;
  }

  /** Ends it in order, and answers its exit status. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#exited;
  }

  /** Starts another one on the same folder, which has to be refused. */
  async startSecond(): Promise<{ status: number | null; tookMs: number; namesOwner: boolean }> {
    const second = new Engine({ ...this.#setup, port: 0 });
    const from = monotonicMs();
    const deadline = setTimeout(() => void second.kill(), SECOND_ENGINE_MS);
    const status = await second.#exited;
    clearTimeout(deadline);
    const namesOwner = second.#stderr.includes(String(this.#child.pid));
    return { status, tookMs: monotonicMs() - from, namesOwner };
  }
}
