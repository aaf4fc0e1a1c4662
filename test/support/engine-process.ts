import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './eventually.ts';

/** The built binary. */
export const BINARY = fileURLToPath(new URL('../../bin/iii.js', import.meta.url));

const START_MS = 30_000;
const STOP_MS = 30_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface EngineStart {
  /** Text of the configuration file; without it the engine gets an empty folder. */
  readonly config?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly httpPort?: number;
  /** Keeps its jobs in files of its folder, and not in memory. */
  readonly durable?: boolean;
  /** Keeps its jobs where the configuration says. */
  readonly configuredStore?: boolean;
  /** The folder of an engine that has ended, to go on with what is there. */
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The line an engine prints when it is ready. */
export interface Ready {
  readonly event: 'ready';
  readonly url: string;
  readonly httpUrl: string | null;
  readonly store: string;
  readonly dataDir: string | null;
  readonly pid: number;
}

/** A folder of its own for one test, taken away by `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'iii-e2e-'));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

function openFolder(path: string | undefined): ReturnType<typeof temporaryFolder> {
  return path === undefined ? temporaryFolder() : { path, remove: () => undefined };
}

/** The environment of a child: nothing of the developer's own settings or colours. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, LANG } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(SystemRoot === undefined ? {} : { SystemRoot }),
    LANG: LANG ?? 'C.UTF-8',
    TERM: 'xterm',
    ...more,
  };
}

/** A running `iii serve`. */
export class EngineProcess {
  readonly folder: string;
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #options: EngineStart;
  #removeFolder: () => void;
  #ready: Ready | undefined;

  private constructor(options: EngineStart) {
    const { path, remove } = openFolder(options.folder);
    this.#options = options;
    this.folder = path;
    this.#removeFolder = remove;
    const config: string[] = [];
    if (options.config !== undefined) {
      writeFileSync(join(path, 'engine.yaml'), options.config);
      config.push('-c', 'engine.yaml');
    }
    const ports = ['--port', options.port ?? 0, '--http-port', options.httpPort ?? 0].map(String);
    const store = ['--store', options.durable === true ? 'data' : 'memory'];
    if (options.configuredStore === true) store.length = 0;
    const args = [BINARY, 'serve', '-o', 'json', ...store, ...ports, ...config];
    this.#child = spawn(process.execPath, [...args, ...(options.args ?? [])], {
      cwd: path,
      env: cleanEnvironment({ HOME: path, ...options.env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal });
      });
    });
  }

  /** Starts an engine and waits for its ready line. */
  static async start(options: EngineStart = {}): Promise<EngineProcess> {
    const engine = new EngineProcess(options);
    await within(engine.#becomeReady(), START_MS, 'the ready line').catch((thrown: unknown) => {
      engine.kill('SIGKILL');
      throw new Error(`the engine did not start: ${engine.stderr}`, { cause: thrown });
    });
    return engine;
  }

  /** Starts an engine that is not expected to become ready, and waits for its end. */
  static async startAndFail(
    options: EngineStart,
  ): Promise<Exit & { readonly stdout: string; readonly stderr: string }> {
    const engine = new EngineProcess(options);
    try {
      const exit = await within(engine.exited, START_MS, 'the end of the engine');
      return { ...exit, stdout: engine.stdout, stderr: engine.stderr };
    } finally {
      await engine.close();
    }
  }

  get ready(): Ready {
    if (this.#ready === undefined) throw new Error('the engine is not ready');
    return this.#ready;
  }

  get url(): string {
    return this.ready.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to stop and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.kill(signal);
    return within(this.exited, STOP_MS, 'the end of the engine');
  }

  /** Kills it, and starts it again where it was. */
  killAndRestart(): Promise<EngineProcess> {
    return this.restart('SIGKILL');
  }

  /** Ends it with a signal, and starts it again where it was: same folder, same ports. */
  async restart(signal: NodeJS.Signals): Promise<EngineProcess> {
    const { port, folder } = this;
    const httpPort = Number(new URL(String(this.ready.httpUrl)).port);
    await this.stop(signal);
    const remove = this.#removeFolder;
    this.#removeFolder = () => undefined;
    const again = await EngineProcess.start({ ...this.#options, port, httpPort, folder });
    again.#removeFolder = remove;
    return again;
  }

  /** Ends it, whatever it does, and takes away its folder. */
  async close(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
    this.#removeFolder();
  }

  #becomeReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.exited.then(({ code }) => {
        reject(new Error(`it ended with ${String(code)}`));
      });
      this.#child.stdout?.on('data', () => {
        const [line = '', rest] = this.stdout.split('\n', 2);
        if (rest === undefined || this.#ready !== undefined) return;
        this.#ready = JSON.parse(line) as Ready;
        resolve();
      });
    });
  }
}
