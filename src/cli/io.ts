import { fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { type Clock, SystemClock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';

/** After this a process that was told to stop has been stopped, and went on. */
const CONTINUED_MS = 50;

/** The reader of our output is gone, as with `| head -1`. It ends the command quietly. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe';
}

/** One of the two output streams. */
export interface OutputStream {
  /**
   * Resolves when the text has left; rejects with `ClosedPipe` when nobody reads any more, and with
   * OUTPUT_FAILED when it cannot be written.
   */
  write(text: string): Promise<void>;
  readonly isTerminal: boolean;
  /** Width of the terminal; `undefined` when it is none. */
  readonly columns: number | undefined;
  /** Height of the terminal; `undefined` when it is none. */
  readonly rows: number | undefined;
  /** For the libraries that draw on a terminal. */
  readonly raw: Writable;
}

export type SignalName = 'SIGINT' | 'SIGTERM';

/** Everything of the outside world that the command line touches, so that tests can stand in for it. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: Readable;
  /**
   * Whether keys come one by one, without being shown and without waiting for Enter. Only when
   * standard input is a terminal.
   */
  setRawKeys(raw: boolean): void;
  /** Stops this process as Ctrl-Z does; resolves when it goes on. */
  suspend(): Promise<void>;
  /** What standard input is: only `piped` (a pipe or a file) is read without being asked for. */
  readonly stdinKind: 'terminal' | 'piped' | 'nothing';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Calls `handle` on SIGINT and SIGTERM until the answer is called. */
  onSignal(handle: (signal: SignalName) => void): () => void;
  /** Ends the process at once. */
  exitNow(status: number): void;
}

class ProcessStream implements OutputStream {
  readonly raw: NodeJS.WriteStream;
  /** What broke the stream: from then on nothing can be written. */
  #failure: NodeJS.ErrnoException | undefined;

  constructor(raw: NodeJS.WriteStream) {
    this.raw = raw;
    raw.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error;
    });
  }

  // Not a static promise of the stream: Node leaves `isTTY` undefined on pipes.
  get isTerminal(): boolean {
    return (this.raw as { isTTY?: boolean }).isTTY === true;
  }

  get columns(): number | undefined {
    return this.isTerminal ? this.raw.columns : undefined;
  }

  get rows(): number | undefined {
    return this.isTerminal ? this.raw.rows : undefined;
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(writeFailure(this.#failure));
        return;
      }
      this.raw.write(text, (error) => {
        if (error) reject(writeFailure(error));
        else resolve();
      });
    });
  }
}

/** A reader that is gone ends the command quietly; anything else, such as a full disk, is a failure. */
function writeFailure(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') return new ClosedPipe();
  return new IiiError('OUTPUT_FAILED', 'The output could not be written', {
    reason: error.message,
    hint: 'Make room where the output goes, then run the command again.',
    cause: error,
  });
}

function kindOfStdin(): Io['stdinKind'] {
  if (process.stdin.isTTY) return 'terminal';
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket() ? 'piped' : 'nothing';
  } catch {
    return 'nothing';
  }
}

/** The streams, environment and signals of this process. */
export function processIo(): Io {
  const clock = new SystemClock();
  return {
    stdout: new ProcessStream(process.stdout),
    stderr: new ProcessStream(process.stderr),
    get stdin() {
      return process.stdin;
    },
    get stdinKind() {
      return kindOfStdin();
    },
    setRawKeys: (raw) => {
      process.stdin.setRawMode(raw);
      if (raw) process.stdin.resume();
      else process.stdin.pause();
    },
    suspend: async () => {
      // the whole group, as the terminal does it: the shell waits for all of a command
      if (process.platform !== 'win32') process.kill(0, 'SIGTSTP');
      // without a shell that could bring it back it is not stopped
      await new Promise<void>((resolve) => clock.after(CONTINUED_MS, resolve));
    },
    env: process.env,
    cwd: process.cwd(),
    clock,
    onSignal: (handle) => {
      process.on('SIGINT', handle);
      process.on('SIGTERM', handle);
      return () => {
        process.off('SIGINT', handle);
        process.off('SIGTERM', handle);
      };
    },
    exitNow: (status) => {
      process.exit(status);
    },
  };
}
