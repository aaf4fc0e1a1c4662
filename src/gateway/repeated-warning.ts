import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';

const INTERVAL_MS = 10_000;

/**
 * A warning that a peer can cause as often as it likes: the first is logged at once, the rest as a
 * count every 10 s.
 */
export class RepeatedWarning {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #message: string;
  #cancel: CancelTimer | undefined;
  #unreported = 0;
  #lastFields: Readonly<Record<string, unknown>> = {};

  constructor(log: Logger, clock: Clock, message: string) {
    this.#log = log;
    this.#clock = clock;
    this.#message = message;
  }

  report(fields: Readonly<Record<string, unknown>>): void {
    if (this.#cancel === undefined) {
      this.#log.warn(this.#message, fields);
      this.#wait();
    } else {
      this.#unreported += 1;
      this.#lastFields = fields;
    }
  }

  /** Logs what is still to be counted, and waits no longer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#summarise();
  }

  #wait(): void {
    this.#cancel = this.#clock.after(INTERVAL_MS, () => {
      this.#cancel = undefined;
      if (this.#summarise()) this.#wait();
    });
  }

  #summarise(): boolean {
    if (this.#unreported === 0) return false;
    this.#log.warn(this.#message, { ...this.#lastFields, times: this.#unreported });
    this.#unreported = 0;
    return true;
  }
}
