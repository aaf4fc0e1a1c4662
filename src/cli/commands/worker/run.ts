import { statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import type { RunningFunction } from '../../../sdk/run/messages.ts';
import type { RunCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { CommandInput } from '../../input.ts';
import { printable } from '../../output/escape.ts';
import { findWorkerFiles, isRunnable } from '../../worker-run/find-files.ts';
import { loaderArguments } from '../../worker-run/loader.ts';
import { FileWatch } from '../../worker-run/watch-files.ts';
import { endedByItself, WorkerChild } from '../../worker-run/worker-child.ts';

const GRACE_MS = 30_000;

export const run: RunCommand = async (context, input) => {
  const session = new RunSession(context, input);
  const release = session.listenForStop();
  try {
    await session.run();
  } finally {
    release();
    await session.end();
  }
  if (context.output.forPeople) await context.output.note('Stopped.');
  else await context.output.jsonLine({ event: 'stopped' });
  return 0;
};

/** One call of the command: the process that runs the files, and the ones it took the place of. */
class RunSession {
  readonly #context: Context;
  readonly #input: CommandInput;
  readonly #graceMs: number;
  readonly #folders: readonly string[];
  readonly #watch: FileWatch | undefined;
  readonly #children = new Set<WorkerChild>();
  readonly #stopRequest = new AbortController();
  #lastProblem: string | undefined;

  constructor(context: Context, input: CommandInput) {
    this.#context = context;
    this.#input = input;
    this.#graceMs = input.duration('grace') ?? GRACE_MS;
    this.#folders = input
      .rest('files')
      .map((name) => resolve(context.io.cwd, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
    this.#watch = input.flag('watch')
      ? new FileWatch(context.clock, (path) => this.#belongs(path))
      : undefined;
  }

  /** The first signal asks for a stop in order, the second ends everything at once. */
  listenForStop(): () => void {
    return this.#context.io.onSignal((signal) => {
      if (this.#stopRequest.signal.aborted) {
        for (const child of this.#children) child.kill();
        this.#context.io.exitNow(signal === 'SIGINT' ? 130 : 143);
      }
      this.#stopRequest.abort();
    });
  }

  /** Runs until it is asked to stop. */
  async run(): Promise<void> {
    const stopped = new Promise<'stop'>((resolve) => {
      this.#stopRequest.signal.addEventListener('abort', () => {
        resolve('stop');
      });
    });
    for (const folder of this.#folders) this.#watch?.addTree(folder);
    let current: WorkerChild | undefined = this.#startChild();
    for (let event = 'ready'; ; event = 'reloaded') {
      const next = current;
      try {
        const functions = await Promise.race([next.ready, stopped]);
        if (functions === 'stop') return;
        await this.#announce(event, functions);
        this.#retireAllBut(next);
      } catch (thrown) {
        if (this.#watch === undefined) throw thrown;
        await this.#context.output.problem(printable(messageOf(thrown)));
        await this.#context.output.note('Waiting for a change.');
      }
      const ended = this.#watch === undefined ? next.ended : undefined;
      const change = this.#watch?.change();
      const what = await Promise.race([stopped, ended, change].filter((one) => one !== undefined));
      if (what === 'stop') return;
      if (typeof what === 'string') throw endedByItself(what);
      current = this.#startAgain(next);
    }
  }

  /** Ends everything, in order. */
  async end(): Promise<void> {
    this.#watch?.close();
    await Promise.all([...this.#children].map((child) => child.stop(this.#graceMs)));
  }

  #startChild(): WorkerChild {
    const { io, settings, output } = this.#context;
    const files = findWorkerFiles(io.cwd, this.#input.rest('files'));
    const target = settings.target();
    for (const file of files) this.#watch?.add(file);
    const child = new WorkerChild({
      start: {
        kind: 'start',
        files,
        url: target.url,
        token: target.token()?.reveal() ?? null,
        name: this.#input.text('name') ?? null,
        concurrency: this.#input.count('concurrency', 1) ?? null,
      },
      loader: loaderArguments(files, io.cwd),
      cwd: io.cwd,
      stdout: output.forPeople ? 1 : 2,
      onLoaded: (path) => this.#watch?.add(path),
      onProblem: (message) => {
        this.#say(message);
      },
    });
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  /** The old process runs on until the new one is ready; without files to run it is the only one. */
  #startAgain(current: WorkerChild): WorkerChild {
    try {
      return this.#startChild();
    } catch (thrown) {
      void this.#context.output.problem(printable(messageOf(thrown)));
      return current;
    }
  }

  #retireAllBut(current: WorkerChild): void {
    for (const child of this.#children) if (child !== current) void child.stop(this.#graceMs);
  }

  /** Whether a new file would be run too. */
  #belongs(path: string): boolean {
    return isRunnable(path) && this.#folders.some((folder) => path.startsWith(`${folder}${sep}`));
  }

  /** Trying to connect fails the same way again and again: it is said once. */
  #say(problem: string): void {
    if (problem === this.#lastProblem) return;
    this.#lastProblem = problem;
    void this.#context.output.problem(printable(problem));
  }

  async #announce(event: string, functions: readonly RunningFunction[]): Promise<void> {
    const { output } = this.#context;
    if (!output.forPeople) {
      await output.jsonLine({ event, functions });
      return;
    }
    const width = Math.max(...functions.map(({ id }) => id.length));
    const lines = functions.map(
      ({ id, triggers }) => `${printable(id.padEnd(width))}  ${printable(triggers.join(', '))}`,
    );
    await output.text(
      [...lines.map((line) => line.trimEnd()), `${SAYS[event] ?? ''} Ctrl-C stops it.`].join('\n'),
    );
  }
}

const SAYS: Readonly<Record<string, string>> = { ready: 'Ready.', reloaded: 'Reloaded.' };
