import { nextTurn } from '../../base/clock.ts';

export interface Ack {
  readonly deliveryTag: number;
  /** Everything the channel was handed before is acknowledged with it. */
  readonly multiple: boolean;
}

/**
 * Acknowledges the messages of one channel, those of one turn together. Where nothing that came before
 * is still held, one acknowledgement stands for many: for the broker each is a command of its own.
 */
export class AckBatch {
  readonly #send: (acks: readonly Ack[]) => void;
  /** Handed out and not acknowledged. */
  readonly #held = new Set<number>();
  /** The last one handed out; tags count from 1. */
  #last = 0;
  /** None before this one is held. */
  #lowest = 1;
  #pending: number[] = [];

  constructor(send: (acks: readonly Ack[]) => void) {
    this.#send = send;
  }

  /** A message was handed out. One that was passed over on the way here counts as held for good. */
  delivered(deliveryTag: number): void {
    while (this.#last < deliveryTag) this.#held.add(++this.#last);
  }

  /** Acknowledges a message once this turn is over; nothing when it was done before. */
  acknowledge(deliveryTag: number): void {
    if (!this.#held.delete(deliveryTag)) return;
    if (this.#pending.push(deliveryTag) === 1) void nextTurn().then(this.flush);
  }

  /** Sends what is pending now, before something that has to come after it. */
  readonly flush = (): void => {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    while (this.#lowest <= this.#last && !this.#held.has(this.#lowest)) this.#lowest++;
    const together = pending.filter((tag) => tag < this.#lowest);
    const alone = together.length > 1 ? pending.filter((tag) => tag >= this.#lowest) : pending;
    const acks = alone.map((deliveryTag) => ({ deliveryTag, multiple: false }));
    if (together.length > 1) acks.push({ deliveryTag: Math.max(...together), multiple: true });
    this.#send(acks);
  };
}
