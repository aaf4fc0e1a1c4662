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
  const close = async (): Promise<void> => {
    if (channel.active) await channel.close();
  };
  try {
    const messages = await collect(broker, clock, channel, queue, limit);
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
      close,
    };
  } catch (thrown) {
    await close().catch(() => undefined);
    throw thrown;
  }
}

async function collect(
  broker: Broker,
  clock: Clock,
  channel: Channel,
  queue: string,
  limit: number | null,
): Promise<readonly AsyncMessage[]> {
  const messages: AsyncMessage[] = [];
  const { messageCount } = await channel.queueDeclare({ queue, passive: true });
  // a marker that is never met would stay behind
  const isLong = limit !== null && messageCount >= limit;
  const marker = `${process.pid}.${++markers}`;
  // one more than wanted, so that a marker left by a reader that ended is no reason to stop
  await channel.basicQos({ prefetchCount: limit === null ? 0 : Math.min(65_535, limit + 1) });
  let cancel = (): void => undefined;
  let isDone = false;
  const done = new Promise<void>((resolve, reject) => {
    cancel = clock.after(READ_MS, () => {
      reject(new Error(`${queue} could not be read within ${READ_MS} ms`));
    });
    channel.once('close', () => {
      reject(new Error(`the connection was lost while ${queue} was read`));
    });
    void channel
      .basicConsume({ queue }, (message) => {
        if (message.type === MARKER) {
          channel.basicAck({ deliveryTag: message.deliveryTag });
          if (message.messageId === marker) resolve();
          return;
        }
        messages.push(message);
        if (limit === null || messages.length < limit) return;
        isDone = true;
        resolve();
      })
      .then(async () => {
        if (isLong) await pause(clock, PATIENCE_MS);
        if (isDone) return;
        await broker.publish({ routingKey: queue, type: MARKER, messageId: marker }, EMPTY);
      })
      .catch(reject);
  });
  try {
    await done;
  } finally {
    cancel();
  }
  return limit === null ? messages : messages.slice(0, limit);
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
