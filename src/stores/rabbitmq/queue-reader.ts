import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { Broker } from './broker.ts';

/** Looks at a queue that gives nothing more although it should. */
const LOOK_MS = 300;
/** Looks in a row that show an empty queue before what is missing counts as gone elsewhere. */
const EMPTY_LOOKS = 2;
/** Looks in a row without a message before it is given up. */
const MOST_LOOKS = 100;

export interface QueueReaderParts {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly queue: string;
  /** Messages on their way at once. */
  readonly window: number;
}

/**
 * Reads what is in a queue when it is opened, in order, and holds each message until it is acknowledged.
 * It holds as many as there are: when a channel has its window full, another one follows in its place,
 * also where the queue has one reader at a time. What is not acknowledged goes back to its place when
 * the reader is closed.
 */
export class QueueReader {
  readonly queue: string;
  readonly #parts: QueueReaderParts;
  readonly #channels: Channel[] = [];
  readonly #channelOf = new Map<AsyncMessage, Channel>();
  readonly #arrived: AsyncMessage[] = [];
  /** Messages of the last channel that are not acknowledged. */
  #open = 0;
  #stopReading: () => Promise<unknown> = () => Promise.resolve();
  /** Messages that were there and have not been given. */
  #missing: number;
  #isLost = false;
  #wake: () => void = () => undefined;

  private constructor(parts: QueueReaderParts, count: number) {
    this.#parts = parts;
    this.queue = parts.queue;
    this.#missing = count;
  }

  /** `undefined` when the queue is empty or not there. */
  static async open(parts: QueueReaderParts, count: number): Promise<QueueReader | undefined> {
    if (count === 0) return undefined;
    const reader = new QueueReader(parts, count);
    await reader.#openChannel();
    return reader;
  }

  /** Messages that were given and not acknowledged. */
  get held(): number {
    return this.#channelOf.size - this.#arrived.length;
  }

  /** Messages that go back to the queue with it: those, and what came and was not given. */
  get unacknowledged(): number {
    return this.#channelOf.size;
  }

  /** The next message; `undefined` when there are no more. @throws Error when the connection is gone */
  async next(): Promise<AsyncMessage | undefined> {
    if (this.#missing === 0) return undefined;
    for (let looks = 0, empty = 0; ; looks++) {
      this.#demandConnection();
      const message = this.#arrived.shift();
      if (message !== undefined) {
        this.#missing--;
        return message;
      }
      if (this.#open >= this.#parts.window) await this.#openChannel();
      if (await this.#untilArrived()) continue;
      empty = (await this.#readyCount()) === 0 ? empty + 1 : 0;
      if (empty >= EMPTY_LOOKS && this.#arrived.length === 0) return undefined;
      if (looks >= MOST_LOOKS) throw new Error(`${this.queue} gives nothing more`);
    }
  }

  /**
   * Takes messages out of the queue; resolves when the queue has been told of all. They are gone then,
   * also when the channel is closed or the connection is lost.
   */
  async acknowledge(messages: readonly AsyncMessage[]): Promise<void> {
    this.#demandConnection();
    const used = new Set<Channel>();
    for (const message of messages) {
      const channel = this.#channelOf.get(message);
      if (channel === undefined) continue;
      this.#channelOf.delete(message);
      if (channel === this.#channels.at(-1)) this.#open--;
      channel.basicAck({ deliveryTag: message.deliveryTag });
      used.add(channel);
    }
    for (const channel of used) await this.#untilTold(channel);
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.splice(0)) {
      if (channel.active) await channel.close().catch(() => undefined);
    }
  }

  async #openChannel(): Promise<void> {
    const { broker, window } = this.#parts;
    // the one before keeps what it has, and this one becomes the reader
    await this.#stopReading();
    const channel = await broker.channel();
    channel.once('close', () => {
      this.#isLost ||= this.#channels.includes(channel);
      this.#wake();
    });
    this.#channels.push(channel);
    this.#open = 0;
    await channel.basicQos({ prefetchCount: window });
    this.#stopReading = await this.#consume(channel);
    // for all that follow in this channel; see `#untilTold`
    await channel.basicQos({ prefetchCount: 1 });
  }

  /** Begins to read with a channel; answers what ends it. */
  async #consume(channel: Channel): Promise<() => Promise<unknown>> {
    const reading = await channel.basicConsume({ queue: this.queue }, (message) => {
      this.#channelOf.set(message, channel);
      if (channel === this.#channels.at(-1)) this.#open++;
      this.#arrived.push(message);
      this.#wake();
    });
    return () => channel.basicCancel(reading);
  }

  /**
   * Resolves when the queue has been told of everything that the channel acknowledged. A quorum queue
   * that waits for its disk keeps acknowledgements back, and forgets them when the channel is closed.
   * One more reader it takes in, and lets go of, only behind all that it has been told; then it is told
   * the rest, before it answers anything else.
   */
  async #untilTold(channel: Channel): Promise<void> {
    const stop = await this.#consume(channel);
    await stop();
    await channel.queueDeclare({ queue: this.queue, passive: true });
  }

  #demandConnection(): void {
    if (this.#isLost) throw new Error(`the connection was lost while ${this.queue} was read`);
  }

  /** Whether something came in time. */
  async #untilArrived(): Promise<boolean> {
    if (this.#arrived.length > 0) return true;
    let cancel = (): void => undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      cancel = this.#parts.clock.after(LOOK_MS, resolve);
    });
    cancel();
    this.#wake = () => undefined;
    return this.#arrived.length > 0 || this.#isLost;
  }

  async #readyCount(): Promise<number> {
    const { broker, queue } = this.#parts;
    const found = await broker.admin((channel) => channel.queueDeclare({ queue, passive: true }));
    return found.messageCount;
  }
}
