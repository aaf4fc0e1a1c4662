import type { Delivery } from './held-jobs.ts';
import { acknowledge } from './acknowledge.ts';
import type { LineOutbox } from './line-outbox.ts';

/** Epochs that one reservation gives room for. */
const STEP = 100_000;
/** What of a reservation may be left when the next one is made. */
const LOW = 20_000;

/**
 * The epochs of a FIFO queue. A later lease of any job of it has a higher one than every earlier lease,
 * whichever engine gave it: so a resource that a group works on needs to remember one number only. The
 * engine that runs the queue reserves epochs ahead, in a message that the next one finds.
 */
export class LineEpochs {
  readonly #outbox: LineOutbox;
  /** Highest epoch given out. */
  #last = 0;
  /** Highest epoch that may be given out. */
  #end = 0;
  /** Reservations found at the broker, unacknowledged. */
  #found: { readonly delivery: Delivery; readonly end: number }[] = [];
  #isReserving = false;

  constructor(outbox: LineOutbox) {
    this.#outbox = outbox;
  }

  /** Whether a lease can be given now. */
  get hasRoom(): boolean {
    return this.#last < this.#end;
  }

  /** Takes in a reservation, one's own or that of an engine before. */
  find(end: number, delivery: Delivery): void {
    this.#found.push({ delivery, end });
    this.#dropOld();
  }

  /** The connection is gone: what was found comes again, perhaps to another engine. */
  lose(): void {
    this.#found = [];
    this.#end = 0;
  }

  /** Reserves epochs above every one that was. */
  async reserve(): Promise<void> {
    const before = Math.max(this.#end, this.#last, ...this.#found.map(({ end }) => end));
    const end = before + STEP;
    await this.#outbox.publishEpochs(end);
    if (this.#end === 0) this.#last = before;
    this.#end = end;
    this.#dropOld();
  }

  /** The next epoch, above `atLeast`. */
  next(atLeast: number): number {
    this.#last = Math.max(this.#last + 1, atLeast);
    if (this.#end - this.#last < LOW) this.#reserveSoon();
    return this.#last;
  }

  /** Exchanges a reservation that was delivered before this time: the broker takes it for forgotten some day. */
  refresh(before: number): void {
    const isOld = this.#found.some(({ delivery }) => delivery.at < before);
    if (isOld && this.#end > 0) this.#reserveSoon();
  }

  #reserveSoon(): void {
    if (this.#isReserving) return;
    this.#isReserving = true;
    void this.reserve()
      .catch(() => undefined)
      .finally(() => {
        this.#isReserving = false;
      });
  }

  /** Of all reservations only the highest one has to be found by the next engine. */
  #dropOld(): void {
    this.#found = this.#found.filter(({ delivery, end }) => {
      if (end >= this.#end || this.#end === 0) return true;
      acknowledge(delivery);
      return false;
    });
  }
}
