import type { AsyncMessage, Envelope } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { Broker } from './broker.ts';
import { PublishError } from './broker-errors.ts';
import type { StoredJob } from './job-message.ts';
import { encodeJob, ENDED, EPOCHS } from './job-message.ts';
import type { LineNames, Topology } from './topology.ts';
import { bytesOf, HELD_DELAY_MS } from './topology.ts';

export interface OutboxParts {
  readonly broker: Broker;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly policy: () => QueuePolicy;
}

/** What goes to the broker's queues of one queue. Everything resolves when the broker has confirmed it. */
export class LineOutbox {
  readonly #parts: OutboxParts;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Publishes a new job, or one with a past, where it belongs. @throws PublishError */
  publish(stored: StoredJob): Promise<void> {
    const { retry, main } = this.#names;
    const delayMs = stored.dueAt - this.#parts.clock.now();
    if (!this.#isFifo && delayMs > HELD_DELAY_MS) return this.#publishDelayed(stored, delayMs);
    // in a FIFO queue a delay does not change a job's place
    const isNew = stored.version === 0 && (this.#isFifo || delayMs <= 0);
    return this.publishTo(isNew ? main : retry, stored);
  }

  /** Publishes into one of the queue's own; declares them anew when it is gone. @throws PublishError */
  publishTo(queue: string, stored: StoredJob): Promise<void> {
    const { envelope, body } = encodeJob(stored);
    return this.#publish({ ...envelope, routingKey: queue }, body);
  }

  /**
   * FIFO: writes down that a job has ended, before the message of the job is acknowledged: only a
   * publish is confirmed, and the next job of the group must not start before the end is safe.
   */
  async publishEnd({ id, version }: StoredJob): Promise<void> {
    if (!this.#isFifo) return;
    await this.#publish(
      {
        routingKey: this.#names.retry,
        type: ENDED,
        messageId: id,
        headers: { 'x-iii-version': version },
      },
      Buffer.alloc(0),
    );
  }

  /** FIFO: writes down that epochs up to this one may be given out. */
  async publishEpochs(end: number): Promise<void> {
    const { retry } = this.#names;
    await this.#publish(
      { routingKey: retry, type: EPOCHS, headers: { 'x-iii-epoch': end } },
      Buffer.alloc(0),
    );
  }

  /** Puts a message that is no job to the dead letters, as it is. */
  async quarantine(message: AsyncMessage): Promise<void> {
    const { headers, messageId, contentType } = message;
    const body: unknown = message.body;
    await this.#publish(
      {
        routingKey: this.#names.dead,
        headers: headers ?? {},
        contentEncoding: 'utf-8',
        contentType: contentType ?? 'application/json',
        ...(messageId === undefined ? {} : { messageId }),
      },
      bytesOf(body),
    );
  }

  async #publishDelayed(stored: StoredJob, delayMs: number): Promise<void> {
    const { broker, topology } = this.#parts;
    const { envelope, body } = encodeJob(stored);
    const { name, seconds } = topology.names.delay(delayMs);
    await topology.declareDelay(name, seconds);
    await broker.publish({ ...envelope, exchange: name, routingKey: this.#names.retry }, body);
  }

  async #publish(envelope: Envelope, body: Buffer): Promise<void> {
    const { broker, topology } = this.#parts;
    try {
      await broker.publish(envelope, body);
    } catch (thrown) {
      if (!(thrown instanceof PublishError) || thrown.failure !== 'unroutable') throw thrown;
      await topology.declareLine(this.#parts.policy());
      await broker.publish(envelope, body);
    }
  }

  get #names(): LineNames {
    return this.#parts.topology.names.of(this.#parts.policy());
  }

  get #isFifo(): boolean {
    return this.#parts.policy().type === 'fifo';
  }
}
