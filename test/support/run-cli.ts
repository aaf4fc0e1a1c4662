import { PassThrough, Readable, Writable } from 'node:stream';
import type { Clock } from '../../src/base/clock.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { ClosedPipe, type Io, type OutputStream, type SignalName } from '../../src/cli/io.ts';
import { main } from '../../src/cli/main.ts';

export interface CliOptions {
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text that is piped in; none: there is nothing on standard input. */
  readonly stdin?: string;
  /** A person at a terminal who types these lines when asked. */
  readonly types?: string;
  /** Width of the terminal that stdout is. */
  readonly columns?: number;
  readonly clock?: Clock;
  /** Number of writes after which the reader of stdout is gone. */
  readonly closesAfter?: number;
}

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A call of the command line that runs, in this process. */
export interface RunningCli {
  readonly finished: Promise<CliResult>;
  signal(name: SignalName): void;
  /** Types more at the terminal. */
  type(text: string): void;
  /** The status a second signal ended the process with. */
  readonly endedAtOnceWith: () => number | undefined;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when a stream holds this text. */
  saw(stream: 'stdout' | 'stderr', text: string): Promise<void>;
}

/** Runs one call to its end. */
export function runCli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(argv, options).finished;
}

export function startCli(argv: readonly string[], options: CliOptions = {}): RunningCli {
  const handlers = new Set<(signal: SignalName) => void>();
  const stdout = new Captured(options.columns, options.closesAfter);
  const stderr = new Captured(options.types === undefined ? undefined : (options.columns ?? 80));
  const stdin = openStdin(options);
  let endedWith: number | undefined;
  const io: Io = {
    stdout,
    stderr,
    stdin,
    stdinKind:
      options.types !== undefined ? 'terminal' : options.stdin === undefined ? 'nothing' : 'piped',
    setRawKeys: () => undefined,
    suspend: () => Promise.resolve(),
    env: { ...(options.url === undefined ? {} : { III_URL: options.url }), ...options.env },
    cwd: options.cwd ?? '/nonexistent',
    clock: options.clock ?? new SystemClock(),
    onSignal: (handle) => {
      handlers.add(handle);
      return () => handlers.delete(handle);
    },
    exitNow: (status) => {
      endedWith = status;
    },
  };
  return {
    finished: main(argv, io).then((status) => ({
      status,
      stdout: stdout.text,
      stderr: stderr.text,
    })),
    signal: (name) => {
      for (const handle of handlers) handle(name);
    },
    type: (text) => {
      stdin.push(text);
    },
    endedAtOnceWith: () => endedWith,
    stdout: () => stdout.text,
    stderr: () => stderr.text,
    saw: (stream, text) => (stream === 'stdout' ? stdout : stderr).saw(text),
  };
}

function openStdin({ stdin, types }: CliOptions): Readable {
  const text = types ?? stdin;
  // A terminal stays open after the line that was typed.
  if (types !== undefined) {
    const terminal = new PassThrough();
    terminal.write(types);
    return terminal;
  }
  return text === undefined ? Readable.from([]) : Readable.from([Buffer.from(text)]);
}

class Captured implements OutputStream {
  text = '';
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly raw: Writable;
  #writesLeft: number;
  readonly #waiting: { readonly text: string; readonly resolve: () => void }[] = [];

  constructor(columns: number | undefined, closesAfter = Number.POSITIVE_INFINITY) {
    this.columns = columns;
    this.rows = columns === undefined ? undefined : 24;
    this.#writesLeft = closesAfter;
    this.raw = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#take(chunk.toString('utf8'));
        done();
      },
    });
  }

  get isTerminal(): boolean {
    return this.columns !== undefined;
  }

  write(text: string): Promise<void> {
    if (this.#writesLeft === 0) return Promise.reject(new ClosedPipe());
    this.#writesLeft -= 1;
    this.#take(text);
    return Promise.resolve();
  }

  saw(text: string): Promise<void> {
    if (this.text.includes(text)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ text, resolve }));
  }

  #take(text: string): void {
    this.text += text;
    for (const waiter of this.#waiting) if (this.text.includes(waiter.text)) waiter.resolve();
  }
}
