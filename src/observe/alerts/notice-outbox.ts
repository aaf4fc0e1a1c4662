import type { CancelTimer, Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';

/** Tried this often, with delays that double up to a minute: for about two minutes. */
const TRIES = 8;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
/** Kept while the other side does not answer; older ones go. */
const MAX_UNSENT = 20;

/**
 * Posts one notice. Never rejects.
 * @returns why it was not taken, in words; `null` when it was
 */
export type SendNotice = (body: string, signal: AbortSignal) => Promise<string | null>;

/** What became of notices since the engine started. */
export interface NoticeCounts {
  delivered: number;
  failed: number;
  dropped: number;
}

interface NoticeOutboxParts {
  readonly send: SendNotice;
  /** What the notices are about, for the log. */
  readonly about: string;
  /** Added to. */
  readonly counts: NoticeCounts;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface Notice {
  readonly body: string;
  readonly onTaken: () => void;
}

/** Sends the notices of one alert one after the other, in their order. Nobody waits for it. */
export class NoticeOutbox {
  readonly #parts: NoticeOutboxParts;
  readonly #unsent: Notice[] = [];
  readonly #stopped = new AbortController();
  #isSending = false;
  #cancelDelay: CancelTimer = () => undefined;

  constructor(parts: NoticeOutboxParts) {
    this.#parts = parts;
  }

  /** @param onTaken called once the receiver has it */
  add(body: string, onTaken: () => void): void {
    const { counts, log, about } = this.#parts;
    this.#unsent.push({ body, onTaken });
    if (this.#unsent.length > MAX_UNSENT) {
      this.#unsent.shift();
      counts.dropped++;
      log.warn('a notice was dropped: too many are not delivered yet', { alert: about });
    }
    if (!this.#isSending) void this.#sendAll();
  }

  /** What is not delivered by now never is. */
  stop(): void {
    this.#parts.counts.dropped += this.#unsent.length;
    this.#unsent.length = 0;
    this.#stopped.abort();
    this.#cancelDelay();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#unsent.shift(); next !== undefined; next = this.#unsent.shift()) {
      await this.#deliver(next);
    }
    this.#isSending = false;
  }

  async #deliver({ body, onTaken }: Notice): Promise<void> {
    const { send, counts, log, about } = this.#parts;
    const { signal } = this.#stopped;
    for (let tried = 1; ; tried++) {
      const reason = await send(body, signal);
      if (reason === null) {
        counts.delivered++;
        onTaken();
        return;
      }
      if (signal.aborted || tried === TRIES) {
        counts.failed++;
        log.error('a notice could not be delivered', { alert: about, tries: tried, reason });
        return;
      }
      log.warn('a notice was not taken; it is tried again', { alert: about, reason });
      await this.#delay(tried);
    }
  }

  /** Ends early, for good, when it is stopped. */
  async #delay(tried: number): Promise<void> {
    const { clock, random } = this.#parts;
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tried - 1));
    await new Promise<void>((resolve) => {
      // half of it by chance: engines that lost the same receiver do not come back at once
      const cancel = clock.after(delayMs * (0.5 + random.fraction() / 2), resolve);
      this.#cancelDelay = () => {
        cancel();
        resolve();
      };
    });
  }
}
