import type { Channel, Envelope } from 'rabbitmq-client';
import { ChurnMap } from '../../base/churn-map.ts';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { nextTurn } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { PublishError } from './broker-errors.ts';
import type { WriteBatch } from './write-batch.ts';

/** Longest time between a publish and its confirm. */
const CONFIRM_MS = 8_000;

/** What was published and is not confirmed. */
interface Publish {
  readonly id: string;
  readonly at: number;
  readonly routingKey: string;
  readonly resolve: () => void;
  readonly reject: (reason: PublishError) => void;
}

/** Publishes on one channel that confirms, and tells what became of each message. */
export class Publisher {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #batch: WriteBatch;
  /** By correlation id, the oldest first. */
  readonly #unconfirmed = new ChurnMap<string, Publish>();
  readonly #returned = new Set<string>();
  #published = 0;
  #cancelTimer: CancelTimer | undefined;

  private constructor(channel: Channel, batch: WriteBatch, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#batch = batch;
    channel.on('basic.return', ({ correlationId }) => {
      if (correlationId !== undefined) this.#returned.add(correlationId);
    });
  }

  /** Makes a channel one that confirms. `batch` is that of its connection. */
  static async on(channel: Channel, batch: WriteBatch, clock: Clock): Promise<Publisher> {
    await channel.confirmSelect();
    return new Publisher(channel, batch, clock);
  }

  get isActive(): boolean {
    return this.#channel.active;
  }

  /**
   * Publishes a durable message and waits until the broker has confirmed that it is safe in a queue.
   * @throws PublishError
   */
  publish(envelope: Envelope, body: Buffer): Promise<void> {
    const id = String(++this.#published);
    return new Promise((resolve, reject) => {
      const routingKey = envelope.routingKey ?? '';
      this.#unconfirmed.set(id, { id, at: this.#clock.now(), routingKey, resolve, reject });
      this.#cancelTimer ??= this.#clock.after(CONFIRM_MS, this.#giveUpOldest);
      this.#batch.hold();
      this.#channel
        .basicPublish({ durable: true, mandatory: true, ...envelope, correlationId: id }, body)
        // the client reports a return later than the confirm that follows it: in the next immediate
        .then(nextTurn)
        .then(
          () => {
            this.#confirm(id);
          },
          (thrown: unknown) => {
            const refused = thrown instanceof Error && 'code' in thrown && thrown.code === 'NACK';
            this.#fail(id, new PublishError(refused ? 'refused' : 'lost', messageOf(thrown)));
          },
        );
    });
  }

  /** Sends something that may get lost; never fails. */
  tell(envelope: Envelope, body: Buffer): void {
    this.#channel.basicPublish(envelope, body).catch(() => undefined);
  }

  /** Nothing that is on the way will be confirmed any more. */
  giveUp(reason: string): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const { id } of this.#unconfirmed.values())
      this.#fail(id, new PublishError('lost', reason));
  }

  async close(): Promise<void> {
    if (this.#channel.active) await this.#channel.close().catch(() => undefined);
  }

  #confirm(id: string): void {
    const publish = this.#unconfirmed.get(id);
    const isReturned = this.#returned.delete(id);
    this.#unconfirmed.delete(id);
    if (!isReturned) publish?.resolve();
    else {
      const message = `there is no queue for ${publish?.routingKey ?? ''}`;
      publish?.reject(new PublishError('unroutable', message));
    }
  }

  #fail(id: string, reason: PublishError): void {
    const publish = this.#unconfirmed.get(id);
    this.#unconfirmed.delete(id);
    this.#returned.delete(id);
    publish?.reject(reason);
  }

  readonly #giveUpOldest = (): void => {
    this.#cancelTimer = undefined;
    const now = this.#clock.now();
    for (const { id, at } of this.#unconfirmed.values()) {
      if (at + CONFIRM_MS > now) {
        this.#cancelTimer = this.#clock.after(at + CONFIRM_MS - now, this.#giveUpOldest);
        return;
      }
      this.#fail(id, new PublishError('lost', `it did not confirm within ${CONFIRM_MS} ms`));
    }
  };
}
