import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { Broker } from './broker.ts';
import { replyCodeOf } from './broker-errors.ts';
import { readAll } from './read-all.ts';

/*
 * Every object at the broker: its name, its arguments, what it is for. All are durable. The names of
 * the first five are those of the original.
 *
 * Of a queue N:
 *
 * | object                                   | for                                                    |
 * |------------------------------------------|--------------------------------------------------------|
 * | exchange iii.__fn_queue::N (direct)      | other programs may publish here, routing key N         |
 * | queue iii.__fn_queue::N.queue            | jobs as they were accepted, in that order              |
 * | exchange, queue iii.__fn_queue::N::retry | jobs with a past: retried, returned, redriven, parked  |
 * | exchange, queue iii.__fn_queue::N::dlq   | dead jobs (under the name of `dead_letter_queue`)      |
 * | queue iii.__fn_queue::N::paused          | is there while the queue is paused; always empty       |
 * | queue iii.__fn_queue::N::moving          | only while the arguments of another one are changed    |
 *
 * Of all together: the fanout exchange `iii.engines`, on which engines say that they live; per delay D
 * one pair `iii.delay.D`: a fanout exchange and a queue whose messages expire after D seconds; and,
 * while jobs are moved here, the queue `iii.migration` (move-journal.ts); while jobs are moved away, the
 * empty queue `iii.leaving`.
 *
 * Delays. A job due within HELD_DELAY_MS goes to the retry queue at once, and the engine that gets it
 * holds it, unacknowledged, until it is due. A longer delay is spent at the broker, in the longest of
 * the delay queues that does not reach beyond it: all messages of one delay queue wait equally long,
 * so none stands before one that is due. What expires is dead-lettered (at least once) to the retry
 * queue, where what is left of the delay is looked at again. No delay is ever rounded.
 *
 * Order. In a FIFO queue `.queue` and `::retry.queue` have one active consumer each, and the engine
 * that is active on the first becomes it on the second too (job-line.ts). A job with a past stands
 * before every job without one, so that engine reads the whole retry queue before it leases anything.
 * Dead letters are looked at by one engine at a time, for the same reason.
 *
 * Never a requeue, never a delivery limit that could be reached: both would lose order, or jobs.
 */

/** Longest delay that an engine holds. */
export const HELD_DELAY_MS = 60_000;
/** Seconds that messages stay in the delay queues: 30 s to 11 days. */
const DELAY_STEPS_S = Array.from({ length: 16 }, (_, step) => 30 * 2 ** step);
/** Far beyond what can be reached; without one, RabbitMQ 4 sets 20 and then drops. */
const DELIVERY_LIMIT = 2_000_000_000;
export type QueueMode = 'quorum' | 'classic';

/** A queue at the broker. */
export interface BrokerQueue {
  readonly queue: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The names of one queue. */
export interface LineNames {
  readonly main: string;
  readonly retry: string;
  readonly dead: string;
}

/** What everything at the broker is called. */
export class Names {
  readonly engines: string;
  readonly migration: string;
  readonly leaving: string;
  readonly #prefix: string;

  /** @param prefix what every name begins with: `iii` */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.engines = `${prefix}.engines`;
    this.migration = `${prefix}.migration`;
    this.leaving = `${prefix}.leaving`;
  }

  of({ name, deadLetterQueue }: QueuePolicy): LineNames {
    return {
      main: `${this.exchange(name)}.queue`,
      retry: `${this.exchange(name)}::retry.queue`,
      dead: `${this.exchange(deadLetterQueue)}::dlq.queue`,
    };
  }

  exchange(name: string): string {
    return `${this.#prefix}.__fn_queue::${name}`;
  }

  pausedFlag(name: string): string {
    return `${this.exchange(name)}::paused`;
  }

  /** Where a message has to be published that shall come to a queue after at most `delayMs`. */
  delay(delayMs: number): { readonly name: string; readonly seconds: number } {
    const fitting = DELAY_STEPS_S.findLast((step) => step * 1_000 <= delayMs);
    const seconds = fitting ?? DELAY_STEPS_S[0] ?? 30;
    return { name: this.#delayOf(seconds), seconds };
  }

  /** All queues in which delays are spent, those of every queue together. */
  delays(): readonly string[] {
    return DELAY_STEPS_S.map((seconds) => this.#delayOf(seconds));
  }

  #delayOf(seconds: number): string {
    return `${this.#prefix}.delay.${seconds}`;
  }
}

export interface TopologyParts {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly mode: QueueMode;
  readonly names: Names;
  readonly log: Logger;
}

/** Declares what queues need, and changes what is there with other arguments. */
export class Topology {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #mode: QueueMode;
  readonly #log: Logger;
  readonly names: Names;
  /** Queues that keep other arguments than ours. */
  readonly #foreign = new Set<string>();

  constructor({ broker, clock, mode, names, log }: TopologyParts) {
    this.#broker = broker;
    this.#clock = clock;
    this.#mode = mode;
    this.names = names;
    this.#log = log;
  }

  /** Declares everything of one queue. Safe to repeat. */
  async declareLine(policy: QueuePolicy): Promise<void> {
    const { name, deadLetterQueue, type } = policy;
    const { main, retry, dead } = this.names.of(policy);
    const oneConsumer = type === 'fifo';
    const exchange = this.names.exchange(name);
    await this.#declare(this.#queue(main, oneConsumer), exchange, name);
    await this.#declare(this.#queue(retry, oneConsumer), `${exchange}::retry`, name);
    const deadExchange = `${this.names.exchange(deadLetterQueue)}::dlq`;
    await this.#declare(this.#queue(dead, true), deadExchange, deadLetterQueue);
  }

  async declareEngines(): Promise<void> {
    await this.#broker.admin((channel) =>
      channel.exchangeDeclare({ exchange: this.names.engines, type: 'fanout', durable: true }),
    );
  }

  /** Always a quorum queue: only those dead-letter at least once. */
  async declareDelay(name: string, seconds: number): Promise<void> {
    await this.#broker.admin(async (channel) => {
      await channel.exchangeDeclare({ exchange: name, type: 'fanout', durable: true });
      await channel.queueDeclare({
        queue: name,
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-message-ttl': seconds * 1_000,
          // the default exchange: the routing key of the message is the queue it goes to
          'x-dead-letter-exchange': '',
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        },
      });
      await channel.queueBind({ queue: name, exchange: name });
    });
  }

  /** Messages at the broker that nobody holds; 0 when the queue is not there. */
  async readyIn(queue: string): Promise<number> {
    return (await this.#look(queue))?.messageCount ?? 0;
  }

  /** How many read a queue; 0 when it is not there. */
  async readersOf(queue: string): Promise<number> {
    return (await this.#look(queue))?.consumerCount ?? 0;
  }

  /** Whether nothing is in a queue, and nobody consumes it who could have taken what was. */
  async isIdle(queue: string): Promise<boolean> {
    const found = await this.#look(queue);
    return found === undefined || found.messageCount + found.consumerCount === 0;
  }

  async exists(queue: string): Promise<boolean> {
    return (await this.#look(queue)) !== undefined;
  }

  /** Makes a queue that is a fact rather than a line: it is there, or not. */
  async setFlag(queue: string, isSet: boolean): Promise<void> {
    await this.#broker.admin(async (channel) => {
      if (isSet) await channel.queueDeclare({ queue, durable: true });
      else await channel.queueDelete({ queue });
    });
  }

  /** Declares the queue that is there while jobs are moved here; it keeps its latest message only. */
  async declareMigration(): Promise<void> {
    const { queue, arguments: settings } = this.#queue(this.names.migration, false);
    const one = { queue, durable: true, arguments: { ...settings, 'x-max-length': 1 } };
    await this.#broker.admin((channel) => channel.queueDeclare(one));
  }

  async #look(
    queue: string,
  ): Promise<{ readonly messageCount: number; readonly consumerCount: number } | undefined> {
    try {
      return await this.#broker.admin((channel) => channel.queueDeclare({ queue, passive: true }));
    } catch (thrown) {
      if (replyCodeOf(thrown) === 'NOT_FOUND') return undefined;
      throw thrown;
    }
  }

  #queue(queue: string, oneConsumer: boolean): BrokerQueue {
    return {
      queue,
      arguments: {
        'x-queue-type': this.#mode,
        ...(this.#mode === 'quorum' ? { 'x-delivery-limit': DELIVERY_LIMIT } : {}),
        ...(oneConsumer ? { 'x-single-active-consumer': true } : {}),
      },
    };
  }

  async #declare(wanted: BrokerQueue, exchange: string, routingKey: string): Promise<void> {
    const { queue } = wanted;
    await this.#finishMove(queue, wanted);
    if (!this.#foreign.has(queue)) await this.#ensure(wanted);
    await this.#broker.admin(async (channel) => {
      await channel.exchangeDeclare({ exchange, type: 'direct', durable: true });
      await channel.queueBind({ queue, exchange, routingKey });
    });
  }

  /** Declares a queue. One that is there with other arguments is emptied, deleted and made anew. */
  async #ensure(wanted: BrokerQueue): Promise<void> {
    const { queue } = wanted;
    try {
      await this.#broker.admin((channel) => channel.queueDeclare({ ...wanted, durable: true }));
      return;
    } catch (thrown) {
      if (replyCodeOf(thrown) !== 'PRECONDITION_FAILED') throw thrown;
      const reason = messageOf(thrown);
      const { consumerCount } = await this.#broker.admin((channel) =>
        channel.queueDeclare({ queue, passive: true }),
      );
      if (consumerCount > 0) {
        this.#foreign.add(queue);
        this.#log.warn(
          'a queue at the broker has other arguments and is in use: it is used as it is, until every engine was stopped',
          { queue, reason },
        );
        return;
      }
    }
    this.#log.info('a queue at the broker had other arguments and is made anew', { queue });
    const moving = movingOf(queue);
    await this.#broker.admin((channel) =>
      channel.queueDeclare({
        queue: moving,
        durable: true,
        arguments: { 'x-queue-type': this.#mode },
      }),
    );
    await this.#move(queue, moving);
    await this.#delete(queue, moving);
    await this.#broker.admin((channel) => channel.queueDeclare({ ...wanted, durable: true }));
    await this.#finishMove(queue, wanted);
  }

  /** Brings back what a change of arguments, perhaps of an engine that ended in the middle, took aside. */
  async #finishMove(queue: string, wanted: BrokerQueue): Promise<void> {
    const moving = movingOf(queue);
    if (!(await this.exists(moving))) return;
    if (!(await this.exists(queue))) {
      await this.#broker.admin((channel) => channel.queueDeclare({ ...wanted, durable: true }));
    }
    await this.#move(moving, queue);
    await this.#delete(moving, queue);
  }

  /** Publishes each message into the other queue, in order, and acknowledges it only then. */
  async #move(from: string, to: string): Promise<void> {
    const reading = await readAll(this.#broker, this.#clock, from);
    try {
      for (const message of reading.messages) {
        const { headers, messageId, type, contentType } = message;
        const body: unknown = message.body;
        await this.#broker.publish(
          {
            routingKey: to,
            headers: withoutBrokerHeaders(headers ?? {}),
            ...(messageId === undefined ? {} : { messageId }),
            ...(type === undefined ? {} : { type }),
            contentType: contentType ?? 'application/json',
            contentEncoding: 'utf-8',
          },
          bytesOf(body),
        );
        reading.acknowledge(message);
      }
    } finally {
      await reading.close();
    }
  }

  /** Deletes a queue that was emptied, unless something came in meanwhile: then it is moved again. */
  async #delete(queue: string, into: string): Promise<void> {
    while ((await this.readyIn(queue)) > 0) await this.#move(queue, into);
    await this.#broker.admin((channel) => channel.queueDelete({ queue }));
  }
}

/** What the client made of a body, as bytes again. */
export function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Where the messages of a queue are while its arguments are changed. */
export function movingOf(queue: string): string {
  return `${queue.replace(/[.]queue$/, '')}::moving`;
}

function withoutBrokerHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !BROKER_HEADERS.has(name)));
}

const BROKER_HEADERS = new Set([
  'x-delivery-count',
  'x-death',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
]);
