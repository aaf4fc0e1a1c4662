import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { Broker } from './broker.ts';

/** Longest time until the copies of what was confirmed have come. */
const COPIES_MS = 20_000;

/**
 * A queue of this connection alone, to which the broker gives a copy of each message that names it: what
 * was put into queues that nobody can look into is read back from there.
 */
export class MoveCopies {
  readonly #clock: Clock;
  readonly #channel: Channel;
  readonly #found = new Map<string, AsyncMessage>();
  #changed: () => void = () => undefined;
  readonly queue: string;

  private constructor(clock: Clock, channel: Channel, queue: string) {
    this.#clock = clock;
    this.#channel = channel;
    this.queue = queue;
  }

  static async open(broker: Broker, clock: Clock): Promise<MoveCopies> {
    const channel = await broker.channel();
    const { queue } = await channel.queueDeclare({ exclusive: true, autoDelete: true });
    const copies = new MoveCopies(clock, channel, queue);
    channel.once('close', () => {
      copies.#changed();
    });
    await channel.basicConsume({ queue, noAck: true }, (message) => {
      copies.#found.set(message.messageId ?? '', message);
      copies.#changed();
    });
    return copies;
  }

  /** Takes the copies of these messages, by their ids, when all have come. */
  async take(ids: readonly string[]): Promise<ReadonlyMap<string, AsyncMessage>> {
    await this.#until(() => ids.every((id) => this.#found.has(id)));
    const taken = new Map(this.#found);
    this.#found.clear();
    return taken;
  }

  async close(): Promise<void> {
    if (this.#channel.active) await this.#channel.close();
  }

  async #until(check: () => boolean): Promise<void> {
    let cancel = (): void => undefined;
    const isOver = new Promise<void>((resolve, reject) => {
      this.#changed = () => {
        if (check()) resolve();
        else if (!this.#channel.active) reject(new Error('the connection was lost meanwhile'));
      };
      cancel = this.#clock.after(COPIES_MS, () => {
        reject(new Error(`what was put there did not come back within ${COPIES_MS} ms`));
      });
      this.#changed();
    });
    try {
      await isOver;
    } finally {
      cancel();
      this.#changed = () => undefined;
    }
  }
}
