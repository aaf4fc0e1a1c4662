import type { AsyncMessage, Channel } from 'rabbitmq-client';
import type { Clock } from '../../base/clock.ts';
import type { Broker } from './broker.ts';

/** Type of the messages that say how far a reader has come; whoever meets one takes it away. */
export const MARKER = 'iii.marker';
/** How long the first messages of a long queue are waited for before a marker is put behind all. */
const PATIENCE_MS = 1_000;
/** Longest time to be the only reader and to read everything. */
const READ_MS = 30_000;
const EMPTY = Buffer.alloc(0);
let markers = 0;

/**
 * Acknowledgements that a quorum queue takes one by one. With more of them on the way it keeps those
 * that follow back for a moment, and forgets them when the channel is closed: their messages come again.
 */
export const ACKS_ON_THE_WAY = 30;

/** The most a reader can ask for. Without a number a quorum queue hands out 2 000 messages and no more. */
export const MOST_UNACKNOWLEDGED = 65_535;

/** What was read. Nothing of it is gone yet: what is not acknowledged goes back when it is closed. */
export interface Reading {
  readonly queue: string;
  readonly messages: readonly AsyncMessage[];
  /** How many were not acknowledged. */
  readonly left: number;
  acknowledge(message: AsyncMessage): void;
  close(): Promise<void>;
}

/**
 * Reads everything that is in a queue at this moment, or the first `limit` messages: up to a marker
 * that is published behind them. Of a queue with a single active consumer, one reading takes place at
 * a time over all engines.
 */
export async function readAll(
  broker: Broker,
  clock: Clock,
  queue: string,
  limit: number | null = null,
): Promise<Reading> {
  const channel = await broker.channel();
  try {
    const collecting = await collect(broker, clock, channel, queue, limit);
    const { messages } = collecting;
    let left = messages.length;
    return {
      queue,
      messages,
      get left() {
        return left;
      },
      acknowledge: ({ deliveryTag }) => {
        left--;
        channel.basicAck({ deliveryTag });
      },
      close: async () => {
        if (!channel.active) return;
        if (messages.length - left > ACKS_ON_THE_WAY) await collecting.flush();
        await channel.close();
      },
    };
  } catch (thrown) {
    if (channel.active) await channel.close().catch(() => undefined);
    throw thrown;
  }
}

interface Collecting {
  readonly messages: readonly AsyncMessage[];
  /** Resolves when the queue has every acknowledgement that was sent. */
  flush(): Promise<void>;
}

async function collect(
  broker: Broker,
  clock: Clock,
  channel: Channel,
  queue: string,
  limit: number | null,
): Promise<Collecting> {
  const messages: AsyncMessage[] = [];
  /** What follows when a marker comes back, by its id; and when there is enough, by none. */
  const met = new Map<string, () => void>();
  const { messageCount } = await channel.queueDeclare({ queue, passive: true });
  // a marker that is never met would stay behind
  const isLong = limit !== null && messageCount >= limit;
  const until = async (id: string, begin: () => Promise<unknown>): Promise<void> => {
    let cancel = (): void => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        met.set(id, resolve);
        cancel = clock.after(READ_MS, () => {
          reject(new Error(`${queue} could not be read within ${READ_MS} ms`));
        });
        channel.once('close', () => {
          reject(new Error(`the connection was lost while ${queue} was read`));
        });
        begin().catch(reject);
      });
    } finally {
      cancel();
      met.delete(id);
    }
  };
  // one more than wanted, so that a marker left by a reader that ended is no reason to stop
  const prefetchCount = Math.min(MOST_UNACKNOWLEDGED, (limit ?? Infinity) + 1);
  await channel.basicQos({ prefetchCount });
  const first = nextMarker();
  let consumerTag = '';
  await until(first, async () => {
    ({ consumerTag } = await channel.basicConsume({ queue }, (message) => {
      if (message.type === MARKER) {
        channel.basicAck({ deliveryTag: message.deliveryTag });
        met.get(message.messageId ?? '')?.();
        return;
      }
      messages.push(message);
      if (limit !== null && messages.length >= limit) met.get(first)?.();
    }));
    if (isLong) await pause(clock, PATIENCE_MS);
    if (!met.has(first)) return;
    await broker.publish({ routingKey: queue, type: MARKER, messageId: first }, EMPTY);
  });
  return {
    messages: messages.slice(0, limit ?? messages.length),
    flush: async () => {
      // a reader of the first ones might wait long for a marker
      if (limit !== null) {
        await channel.basicCancel(consumerTag);
        return;
      }
      // behind the first are those that were not kept back, behind the second all
      for (const marker of [nextMarker(), nextMarker()]) {
        await until(marker, () =>
          channel.basicPublish({ routingKey: queue, type: MARKER, messageId: marker }, EMPTY),
        );
      }
    },
  };
}

function nextMarker(): string {
  return `${process.pid}.${++markers}`;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
