import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { messageOf } from '../../base/errors.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import { AckBatch } from './ack-batch.ts';
import type { Broker } from './broker.ts';
import { replyCodeOf } from './broker-errors.ts';
import { ACKS_ON_THE_WAY, MARKER, MOST_UNACKNOWLEDGED } from './read-all.ts';
import type { LineNames } from './topology.ts';

/** Type of a message by which an engine finds out whether it is the active consumer. */
export const PING = 'iii.ping';
const PING_LIVES_MS = '10000';
/** Jobs with a past that an engine takes of a standard queue; of a FIFO queue it has to take all. */
const RETRY_PREFETCH = 10_000;
/** Jobs of a FIFO queue that one engine looks at; groups that begin behind them wait. */
export const FIFO_PREFETCH = 10_000;
const EMPTY = Buffer.alloc(0);
let sessions = 0;

export interface SessionParts {
  readonly broker: Broker;
  readonly names: LineNames;
  /** FIFO: one engine at a time consumes. */
  readonly oneConsumer: boolean;
  readonly prefetch: number;
  readonly deliver: (message: AsyncMessage, from: 'main' | 'retry', session: LineSession) => void;
  /** FIFO: called when everything with a past has been delivered. */
  readonly beforeReady: () => Promise<void>;
  /** Leasing may begin. */
  readonly onReady: () => void;
  /** The broker ended a consumer: its queue was deleted. */
  readonly onQueueGone: (from: 'main' | 'retry', session: LineSession) => void;
  /** The broker ended the channel since a queue is not there. Called right after `onClosed`. */
  readonly onMissing: (from: 'main' | 'retry') => void;
  readonly onClosed: () => void;
}

/**
 * One channel's life as consumer of one queue. What it delivered is void when it ends: the broker
 * hands it out again.
 *
 * In a FIFO queue being the active consumer of `.queue` shows in getting a message, be it one's own
 * ping. Then the engine consumes the retry queue too, reads it up to its own marker, and only then
 * passes on what `.queue` delivers.
 */
export class LineSession {
  readonly #parts: SessionParts;
  readonly #channel: Channel;
  readonly #marker = `${process.pid}.session.${++sessions}`;
  readonly #tags = new Map<'main' | 'retry', string>();
  #isLeading = false;
  #isReady = false;
  #buffered: AsyncMessage[] = [];
  readonly #acks = new AckBatch((acks) => {
    if (!this.isAlive) return;
    this.#parts.broker.inOneWrite(() => {
      for (const ack of acks) this.#channel.basicAck(ack);
    });
  });
  /** What the broker has not answered yet. */
  readonly #asked = new Set<Promise<unknown>>();

  private constructor(parts: SessionParts, channel: Channel) {
    this.#parts = parts;
    this.#channel = channel;
  }

  static async open(parts: SessionParts): Promise<LineSession> {
    const channel = await parts.broker.channel();
    const session = new LineSession(parts, channel);
    channel.once('close', () => {
      parts.onClosed();
    });
    channel.on('basic.cancel', (tag) => {
      const from = session.#tags.get('retry') === tag ? 'retry' : 'main';
      // what was not passed on yet is nowhere else any more
      if (from === 'main') session.#passOnBuffered();
      parts.onQueueGone(from, session);
    });
    await session.#consume('main', parts.prefetch);
    if (parts.oneConsumer) session.ping();
    else {
      await session.#consume('retry', RETRY_PREFETCH);
      session.#isLeading = true;
      session.#becomeReady();
    }
    return session;
  }

  get isAlive(): boolean {
    return this.#channel.active;
  }

  /** Whether this engine runs the queue's jobs: in a standard queue every engine does. */
  get isLeading(): boolean {
    return this.#isLeading && this.isAlive;
  }

  get isReady(): boolean {
    return this.#isReady && this.isAlive;
  }

  acknowledge(deliveryTag: number): void {
    this.#acks.acknowledge(deliveryTag);
  }

  /** Asks whether this engine is the active consumer: if so, the message comes back. */
  ping(): void {
    const { broker, names } = this.#parts;
    broker.tell({ routingKey: names.main, type: PING, expiration: PING_LIVES_MS }, EMPTY);
  }

  /** Takes no more messages; those it has are still good. */
  async stopDelivering(): Promise<void> {
    for (const [from, tag] of this.#tags) {
      if (this.isAlive) await this.#ask(this.#channel.basicCancel(tag));
      // until then the broker may tell by it which queue was deleted
      this.#tags.delete(from);
    }
  }

  /** Standard: takes so many unacknowledged messages of `.queue` from now on. */
  async setPrefetch(prefetch: number): Promise<void> {
    const tag = this.#tags.get('main');
    if (tag === undefined || !this.isAlive) return;
    this.#tags.delete('main');
    await this.#ask(this.#channel.basicCancel(tag));
    await this.#consume('main', prefetch);
  }

  /**
   * Does something that acknowledges one message with each of many, and no more of them at once than
   * the broker takes from a channel that is about to be closed.
   */
  async inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
    for (let at = 0; at < items.length; at += ACKS_ON_THE_WAY) {
      await this.#passOn();
      await Promise.all(items.slice(at, at + ACKS_ON_THE_WAY).map(act));
    }
  }

  async close(): Promise<void> {
    // a channel that is closed before a refusal comes is closed twice, and the broker ends the connection
    while (this.isAlive && this.#asked.size > 0) await Promise.allSettled(this.#asked);
    this.#acks.flush();
    if (this.isAlive) await this.#channel.close();
  }

  /** Resolves when both queues have been asked something behind all acknowledgements until now. */
  async #passOn(): Promise<void> {
    this.#acks.flush();
    const { main, retry } = this.#parts.names;
    for (const queue of [main, retry]) {
      await this.#ask(this.#channel.queueDeclare({ queue, passive: true }));
    }
  }

  /** Waits for an answer. When it is that a queue is not there, what came of it is nowhere else. */
  async #ask<Answer>(answer: Promise<Answer>): Promise<Answer> {
    this.#asked.add(answer);
    try {
      return await answer;
    } catch (thrown) {
      const { main, retry } = this.#parts.names;
      if (replyCodeOf(thrown) === 'NOT_FOUND') {
        this.#passOnBuffered();
        if (messageOf(thrown).includes(`'${main}'`)) this.#parts.onMissing('main');
        if (messageOf(thrown).includes(`'${retry}'`)) this.#parts.onMissing('retry');
      }
      throw thrown;
    } finally {
      this.#asked.delete(answer);
    }
  }

  async #consume(from: 'main' | 'retry', prefetch: number): Promise<void> {
    const queue = this.#parts.names[from];
    await this.#channel.basicQos({ prefetchCount: prefetch });
    const { consumerTag } = await this.#ask(
      this.#channel.basicConsume({ queue }, (message) => {
        this.#onMessage(message, from);
      }),
    );
    this.#tags.set(from, consumerTag);
  }

  #onMessage(message: AsyncMessage, from: 'main' | 'retry'): void {
    // the client hands messages over a moment later, when the channel may be gone
    if (!this.isAlive) return;
    this.#acks.delivered(message.deliveryTag);
    if (from === 'main' && !this.#isLeading) this.#lead();
    if (message.type === PING || message.type === MARKER) {
      this.acknowledge(message.deliveryTag);
      if (message.messageId === this.#marker) void this.#prepare();
      return;
    }
    if (from === 'main' && !this.#isReady) this.#buffered.push(message);
    else this.#parts.deliver(message, from, this);
  }

  /** FIFO: this engine is the active one. */
  #lead(): void {
    if (!this.#parts.oneConsumer) return;
    this.#isLeading = true;
    // without its marker it would never be ready: begin anew
    this.#readPast().catch(() => this.close().catch(() => undefined));
  }

  async #readPast(): Promise<void> {
    const { broker, names } = this.#parts;
    const { retry: queue } = names;
    const declared = this.#channel.queueDeclare({ queue, passive: true });
    // the engine that led may still be making a deleted queue anew: it would be dealt the marker, and copies
    if ((await this.#ask(declared)).consumerCount > 0)
      throw new Error(`${queue} is not let go yet`);
    await this.#consume('retry', MOST_UNACKNOWLEDGED);
    await broker.publish({ routingKey: queue, type: MARKER, messageId: this.#marker }, EMPTY);
  }

  async #prepare(): Promise<void> {
    try {
      await this.#parts.beforeReady();
      if (this.isAlive) this.#becomeReady();
    } catch {
      await this.close().catch(() => undefined);
    }
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#passOnBuffered();
    this.#parts.onReady();
  }

  #passOnBuffered(): void {
    for (const message of this.#buffered.splice(0)) this.#parts.deliver(message, 'main', this);
  }
}

/** Unacknowledged messages of `.queue` that one engine takes. */
export function prefetchOf({ type, concurrency }: QueuePolicy): number {
  return type === 'fifo' ? FIFO_PREFETCH : Math.min(MOST_UNACKNOWLEDGED, concurrency * 2);
}
