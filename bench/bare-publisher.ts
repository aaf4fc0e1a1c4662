import { type Channel, Connection } from 'rabbitmq-client';
import { PAYLOAD_BYTES } from './load.ts';

const QUEUE = 'bench-bare';

/** A producer without an engine: publishes to a quorum queue, and waits for the confirms. */
export class BarePublisher {
  readonly #connection: Connection;
  readonly #channel: Channel;
  readonly #body = Buffer.alloc(PAYLOAD_BYTES, 'x');

  private constructor(connection: Connection, channel: Channel) {
    this.#connection = connection;
    this.#channel = channel;
  }

  static async open(url: string): Promise<BarePublisher> {
    const connection = new Connection({ url, noDelay: true });
    const channel = await connection.acquire();
    await channel.confirmSelect();
    await channel.queueDeclare({
      queue: QUEUE,
      durable: true,
      arguments: { 'x-queue-type': 'quorum' },
    });
    return new BarePublisher(connection, channel);
  }

  /** Publishes so many messages, `width` of them on the way at once. */
  async publishAll(messages: number, width: number): Promise<void> {
    let sent = 0;
    const lane = async (): Promise<void> => {
      while (sent++ < messages) {
        await this.#channel.basicPublish(
          { routingKey: QUEUE, durable: true, mandatory: true },
          this.#body,
        );
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
  }

  async close(): Promise<void> {
    await this.#channel.close();
    await this.#connection.close();
  }
}
