import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';

/** What one process saw. Times are milliseconds of the machine's monotonic clock. */
export type HistoryLine =
  /** Before an enqueue is sent. */
  | {
      readonly kind: 'invoke';
      readonly at: number;
      readonly key: string;
      readonly group: string | null;
    }
  | { readonly kind: 'accepted'; readonly at: number; readonly key: string; readonly id: string }
  | { readonly kind: 'refused'; readonly at: number; readonly key: string; readonly error: string }
  /** The connection went before the answer came. */
  | { readonly kind: 'unknown'; readonly at: number; readonly key: string }
  | {
      readonly kind: 'delivered';
      readonly at: number;
      readonly key: string;
      readonly id: string;
      readonly attempt: number;
      readonly epoch: number;
      readonly isIntact: boolean;
    }
  /** Before an answer is sent. */
  | {
      readonly kind: 'answered';
      readonly at: number;
      readonly id: string;
      readonly epoch: number;
      readonly ok: boolean;
    }
  /** A fault began: the engine was killed, or its disk lost power. */
  | { readonly kind: 'fault'; readonly at: number; readonly fault: 'kill' | 'power cut' }
  | { readonly kind: 'ready'; readonly at: number; readonly startedInMs: number };

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

/** How a job behaves, known from its key alone: so that every process can tell. */
export type Fate = 'succeeds' | 'fails once' | 'fails always';

export function fateOf(key: string): Fate {
  const draw = Number.parseInt(key.slice(-1), 36) % 10;
  if (draw === 0) return 'fails always';
  return draw === 1 ? 'fails once' : 'succeeds';
}

/** A payload that tells whether it is still what was sent. */
export function payloadOf(key: string, group: string | null): string {
  const digest = createHash('sha256').update(key).digest('hex');
  return JSON.stringify({ key, ...(group === null ? {} : { group }), filler: digest.repeat(4) });
}
