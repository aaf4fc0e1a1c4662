import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { IiiError, isErrorCode } from '../../base/errors.ts';
import type { FromRun, RunningFunction, StartRun, ToRun } from '../../sdk/run/messages.ts';

const MAIN = fileURLToPath(new URL('../../sdk/run/main.js', import.meta.url));

export interface ChildOptions {
  readonly start: StartRun;
  readonly loader: readonly string[];
  readonly cwd: string;
  /** File descriptor that what the files print on standard output goes to. */
  readonly stdout: 1 | 2;
  readonly onLoaded: (path: string) => void;
  readonly onProblem: (message: string) => void;
}

/** The process that runs a worker's files. */
export class WorkerChild {
  /** Resolves with the functions when the engine knows them; rejects when it cannot run. */
  readonly ready: Promise<readonly RunningFunction[]>;
  /** Resolves with how it ended, for people. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;

  constructor({ start, loader, cwd, stdout, onLoaded, onProblem }: ChildOptions) {
    const child = fork(MAIN, [], {
      cwd,
      execArgv: [...loader, '--enable-source-maps'],
      stdio: ['ignore', stdout, 2, 'ipc'],
    });
    this.#process = child;
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        resolve(signal === null ? `with status ${String(code)}` : `by ${signal}`);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: FromRun) => {
        if (message.kind === 'loaded') onLoaded(message.path);
        else if (message.kind === 'problem') onProblem(message.message);
        else if (message.kind === 'ready') resolve(message.functions);
        else reject(cannotRun(message));
      });
      child.once('error', reject);
      void this.ended.then((how) => {
        reject(endedByItself(how));
      });
    });
    // Whoever does not wait for it learns of the end by `ended`.
    this.ready.catch(() => undefined);
    this.#tell(start);
  }

  /** Lets running calls finish for at most this long, and resolves when the process is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#tell({ kind: 'stop', graceMs });
    await this.ended;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #tell(message: ToRun): void {
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }
}

export function endedByItself(how: string): IiiError {
  return new IiiError('INTERNAL', `the worker's process ended by itself ${how}`, {
    hint: 'its own messages are above',
  });
}

function cannotRun({ code, message, stack }: Extract<FromRun, { kind: 'failed' }>): IiiError {
  const isRefusal = code !== null && isErrorCode(code);
  const error = isRefusal
    ? new IiiError(code, message, { hint: 'check III_TOKEN or --token-file' })
    : new IiiError('INVALID_ARGUMENTS', message, { hint: 'iii help worker run' });
  if (stack !== null) error.stack = stack;
  return error;
}
