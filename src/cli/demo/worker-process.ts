import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { IiiError } from '../../base/errors.ts';
import type { FromWorker, LogEntry, ToWorker } from './worker-messages.ts';

/** The demo's worker, in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts it and waits until it offers its functions. */
  static async start(engineUrl: string, signal: AbortSignal): Promise<WorkerProcess> {
    const file = fileURLToPath(new URL('./worker.js', import.meta.url));
    const child = fork(file, [engineUrl], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const worker = new WorkerProcess(child);
    try {
      await worker.#next('ready', signal);
    } catch (thrown) {
      await worker.stop();
      throw thrown;
    }
    return worker;
  }

  /** Removes what makes one e-mail fail. */
  async mend(signal: AbortSignal): Promise<void> {
    const mended = this.#next('mended', signal);
    this.#tell({ kind: 'mend' });
    await mended;
  }

  /** Everything it did so far, in order. */
  async log(signal: AbortSignal): Promise<readonly LogEntry[]> {
    const answer = this.#next('log', signal);
    this.#tell({ kind: 'report' });
    const message = await answer;
    return message.kind === 'log' ? message.entries : [];
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #tell(message: ToWorker): void {
    this.#child.send(message);
  }

  /** The next message of a kind; rejects when the process ends before. */
  #next(kind: FromWorker['kind'], signal: AbortSignal): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      const child = this.#child;
      const settle = (finish: () => void): void => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        signal.removeEventListener('abort', onAbort);
        finish();
      };
      const onMessage = (message: FromWorker): void => {
        if (message.kind === kind) settle(() => resolve(message));
      };
      const onExit = (): void => {
        const error = new IiiError('INTERNAL', "the demo's worker process ended by itself", {
          hint: 'run the demo again; the worker says nothing when it cannot reach the engine',
        });
        settle(() => reject(error));
      };
      const onAbort = (): void => settle(() => reject(signal.reason as Error));
      child.on('message', onMessage);
      child.on('exit', onExit);
      signal.addEventListener('abort', onAbort);
    });
  }
}
