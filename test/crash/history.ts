import { createWriteStream } from 'node:fs';

/** What an operator asks for. */
export type CommandName = 'redrive' | 'discard' | 'cancel' | 'pause' | 'resume';

/** What ends a life of the engine. */
export type FaultName = 'kill' | 'kill while starting' | 'power cut' | 'stop';

/** Changes of a queue since its store was made. */
export interface Totals {
  readonly enqueued: number;
  readonly completed: number;
  readonly failed: number;
  readonly dead: number;
  readonly redriven: number;
  readonly discarded: number;
}

/** A queue as the engine describes it. */
export interface QueueView {
  readonly name: string;
  readonly paused: boolean;
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly totals: Totals;
}

interface Line {
  /** Milliseconds of the machine's monotonic clock, which all its processes share. */
  readonly at: number;
}

/** What one process saw. */
export type HistoryLine =
  | EnqueueLine
  | WorkerLine
  | OperatorLine
  /** Before a fault begins. */
  | (Line & { readonly kind: 'fault'; readonly fault: FaultName })
  /** The disk has lost its power: nothing can become durable any more. */
  | (Line & { readonly kind: 'dark' })
  /** The engine's process has ended; `status` is null when a signal ended it. */
  | (Line & { readonly kind: 'gone'; readonly status: number | null })
  | (Line & { readonly kind: 'ready'; readonly startedInMs: number })
  /** Another engine was started on the same folder. */
  | (Line & {
      readonly kind: 'second engine';
      readonly status: number | null;
      readonly tookMs: number;
      readonly namesOwner: boolean;
    });

type EnqueueLine =
  /** Before an enqueue is sent. */
  | (Line & {
      readonly kind: 'invoke';
      readonly key: string;
      readonly group: string | null;
      readonly dedupKey: string | null;
      readonly delayMs: number;
    })
  | (Line & { readonly kind: 'accepted'; readonly key: string; readonly id: string })
  | (Line & { readonly kind: 'refused'; readonly key: string; readonly error: string })
  /** The connection went before the answer came. */
  | (Line & { readonly kind: 'unknown'; readonly key: string });

type WorkerLine =
  | (Line & {
      readonly kind: 'delivered';
      /** When the connection it came through was opened. */
      readonly since: number;
      readonly key: string;
      readonly id: string;
      readonly attempt: number;
      readonly epoch: number;
      readonly isIntact: boolean;
    })
  /** Before an answer is sent. */
  | (Line & {
      readonly kind: 'answered';
      readonly since: number;
      readonly id: string;
      readonly epoch: number;
      readonly ok: boolean;
    })
  /** An answer that must change nothing: the second one, or through another connection. */
  | (Line & { readonly kind: 'late'; readonly id: string; readonly epoch: number });

type OperatorLine =
  /** Before a command is sent. `ids` are the jobs it names; none for a queue as a whole. */
  | (Line & {
      readonly kind: 'command';
      readonly number: number;
      readonly command: CommandName;
      readonly queue: string;
      readonly ids: readonly string[];
      /** The command before it was the same. */
      readonly again: boolean;
    })
  /** It was carried out, for these jobs. */
  | (Line & { readonly kind: 'effect'; readonly number: number; readonly ids: readonly string[] })
  /** No answer, or an error: it took place or not. */
  | (Line & { readonly kind: 'uncertain'; readonly number: number; readonly error: string | null })
  | (Line & { readonly kind: 'looked'; readonly queues: readonly QueueView[] })
  /** The queue was seen paused and with nothing in flight. */
  | (Line & { readonly kind: 'quiet'; readonly queue: string })
  /** These jobs were seen in this state, at some time since `asked`. */
  | (Line & {
      readonly kind: 'seen';
      readonly asked: number;
      readonly state: 'completed' | 'dead' | 'discarded';
      readonly ids: readonly string[];
    });

export type LineOf<Kind extends HistoryLine['kind']> = Extract<HistoryLine, { kind: Kind }>;

export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Appends lines to a file as JSON. */
export class HistoryWriter {
  readonly #stream;

  constructor(file: string) {
    this.#stream = createWriteStream(file, { flags: 'a' });
  }

  write(line: HistoryLine): void {
    this.#stream.write(`${JSON.stringify(line)}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.end(resolve);
    });
  }
}
