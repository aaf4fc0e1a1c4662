import type { AdminClient } from '../admin/client.ts';
import type { Clock } from '../base/clock.ts';
import type { Io } from './io.ts';
import { Output } from './output/output.ts';
import type { Settings } from './settings.ts';

/** A connection may take this long, however short the wait for an answer is to be. */
const LEAST_OPEN_MS = 1_000;

/** What a running command has: its streams, its settings, its way to the engine. */
export class Context {
  readonly io: Io;
  readonly settings: Settings;
  readonly output: Output;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** What goes on in the engine when waiting is cancelled: the hint of that error. */
  afterInterrupt: string | undefined;
  #client: Promise<AdminClient> | undefined;

  constructor(io: Io, settings: Settings, signal: AbortSignal) {
    this.io = io;
    this.settings = settings;
    this.output = new Output(io, settings);
    this.signal = signal;
  }

  get clock(): Clock {
    return this.io.clock;
  }

  /** The connection of this command, opened at the first call. */
  engine(): Promise<AdminClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** A new connection in the place of one that was lost. */
  async reconnect(): Promise<AdminClient> {
    await this.close();
    this.#client = undefined;
    return this.engine();
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }

  async #connect(): Promise<AdminClient> {
    const { connect } = await import('../admin/client.ts');
    const { url, token } = this.settings.target();
    const progress = this.output.progress(`connecting to ${url}`);
    try {
      return await connect({
        url,
        token: token(),
        timeoutMs: this.settings.timeoutMs,
        openTimeoutMs: Math.max(this.settings.timeoutMs, LEAST_OPEN_MS),
        signal: this.signal,
        clock: this.io.clock,
      });
    } finally {
      progress.stop();
    }
  }
}
