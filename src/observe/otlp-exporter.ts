import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import { RESOURCE_MEMBERS, type Signal } from './otlp-json.ts';

/** What became of one export request. */
export type Sent =
  | { readonly kind: 'taken' }
  /** Worth trying again. `afterMs` is the collector's own wish. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number | null }
  | { readonly kind: 'refused'; readonly reason: string };

/** Posts one request body; never rejects. */
export type SendOtlp = (signal: Signal, body: string, abort: AbortSignal) => Promise<Sent>;

export interface OtlpExporterOptions {
  readonly send: SendOtlp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How long telemetry is collected before it is sent. */
const BATCH_DELAY_MS = 1_000;
/** Characters in one request, unless a single piece is longer. */
const MAX_BATCH_CHARS = 512 * 1024;
/** Characters of one signal that wait to be sent; more are dropped. */
const MAX_WAITING_CHARS = 8 * 1024 * 1024;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
const MAX_COLLECTOR_DELAY_MS = 60_000;
const REPORT_INTERVAL_MS = 60_000;

/**
 * Collects telemetry and sends it in batches. Nobody waits for it: what does not fit is dropped and
 * counted, and what a collector does not take at once is tried again. What came first is kept, since
 * the beginning of an outage explains it.
 */
export class OtlpExporter {
  readonly #options: OtlpExporterOptions;
  readonly #lines: Readonly<Record<Signal, Line>>;
  readonly #abort = new AbortController();
  readonly #unreported = new Map<string, number>();
  #cancelReport: CancelTimer | undefined;
  #stopping = false;

  constructor(options: OtlpExporterOptions) {
    this.#options = options;
    const parts = { ...options, abort: this.#abort.signal, onDrop: this.dropped };
    this.#lines = {
      traces: new Line('traces', parts),
      metrics: new Line('metrics', parts),
      logs: new Line('logs', parts),
    };
  }

  /** @param resource members of `resourceSpans` and the like, without the brackets around them */
  readonly add = (signal: Signal, resource: string): void => {
    if (!this.#stopping) this.#lines[signal].add(resource);
  };

  /** Counts what was lost; the log has it at once, and then at most once a minute. */
  readonly dropped = (signal: Signal, reason: string, times = 1): void => {
    const key = `${signal}: ${reason}`;
    this.#unreported.set(key, (this.#unreported.get(key) ?? 0) + times);
    if (this.#cancelReport === undefined) this.#report();
  };

  /** Sends what waits, once, and gives up after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const cancel = this.#options.clock.after(withinMs, () => {
      this.#abort.abort();
    });
    await Promise.all(Object.values(this.#lines).map((line) => line.flush()));
    cancel();
    this.#abort.abort();
    this.#cancelReport?.();
    this.#logDrops();
  }

  #report(): void {
    this.#logDrops();
    this.#cancelReport = this.#options.clock.after(REPORT_INTERVAL_MS, () => {
      this.#cancelReport = undefined;
      if (this.#unreported.size > 0) this.#report();
    });
  }

  #logDrops(): void {
    if (this.#unreported.size === 0) return;
    this.#options.log.warn('telemetry was dropped', Object.fromEntries(this.#unreported));
    this.#unreported.clear();
  }
}

interface LineParts extends OtlpExporterOptions {
  readonly abort: AbortSignal;
  readonly onDrop: (signal: Signal, reason: string, times: number) => void;
}

/** One signal on its way: pieces that wait, and one request at a time. */
class Line {
  readonly #signal: Signal;
  readonly #parts: LineParts;
  #waiting: string[] = [];
  #waitingChars = 0;
  #cancelTimer: CancelTimer | undefined;
  #sending: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #flushing = false;

  constructor(signal: Signal, parts: LineParts) {
    this.#signal = signal;
    this.#parts = parts;
  }

  add(piece: string): void {
    if (this.#waitingChars + piece.length > MAX_WAITING_CHARS) {
      this.#parts.onDrop(this.#signal, 'too much waits to be sent', 1);
      return;
    }
    this.#waiting.push(piece);
    this.#waitingChars += piece.length;
    if (this.#sending !== undefined) return;
    if (this.#waitingChars >= MAX_BATCH_CHARS) this.#begin();
    else this.#cancelTimer ??= this.#parts.clock.after(BATCH_DELAY_MS, () => this.#begin());
  }

  /** Each batch that waits gets one try. */
  async flush(): Promise<void> {
    this.#flushing = true;
    this.#wake?.();
    this.#begin();
    await this.#sending;
  }

  #begin(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const body = `{"${RESOURCE_MEMBERS[this.#signal]}":[${batch.join(',')}]}`;
      await this.#deliver(body, batch.length);
      this.#waitingChars -= batch.reduce((sum, piece) => sum + piece.length, 0);
    }
  }

  /** What it takes still counts as waiting until it is gone. */
  #takeBatch(): string[] {
    let chars = 0;
    let count = 0;
    for (const { length } of this.#waiting) {
      if (count > 0 && chars + length > MAX_BATCH_CHARS) break;
      chars += length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #deliver(body: string, pieces: number): Promise<void> {
    const { send, abort, log, random } = this.#parts;
    for (let failures = 0; ; failures++) {
      const sent = await send(this.#signal, body, abort);
      if (sent.kind === 'taken') return;
      if (sent.kind === 'refused' || this.#flushing || abort.aborted) {
        this.#parts.onDrop(this.#signal, sent.reason, pieces);
        return;
      }
      if (failures === 0) {
        const facts = { signal: this.#signal, reason: sent.reason };
        log.warn('telemetry could not be sent; it is tried again', facts);
      }
      const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures);
      const wished = Math.min(MAX_COLLECTOR_DELAY_MS, sent.afterMs ?? 0);
      await this.#pause(Math.max(wished, delay * (0.75 + random.fraction() / 2)));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
