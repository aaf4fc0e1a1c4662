import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { newPrefix } from '../../support/rabbitmq-maker.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();

describe('reading a queue of a broker', { skip: url === '' }, () => {
  let broker: Broker;
  let queue: string;

  beforeEach(async () => {
    const log = silentLogger;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp: () => undefined });
    await broker.open();
    queue = newPrefix();
    const settings = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true } as const;
    await broker.admin((channel) =>
      channel.queueDeclare({ queue, durable: true, arguments: settings }),
    );
    await Promise.all(
      Array.from({ length: 450 }, (_, at) =>
        broker.publish({ routingKey: queue, messageId: String(at) }, Buffer.from('{}')),
      ),
    );
  });

  afterEach(async () => {
    await broker.admin((channel) => channel.queueDelete({ queue }));
    await broker.close();
  });

  const idsLeft = async (): Promise<(string | undefined)[]> => {
    const reading = await readAll(broker, clock, queue);
    await reading.close();
    return reading.messages.map(({ messageId }) => messageId);
  };

  it.each([null, 450])(
    'takes out everything that was acknowledged, however much it is (limit: %s)',
    async (limit) => {
      const reading = await readAll(broker, clock, queue, limit);
      for (const message of reading.messages) reading.acknowledge(message);
      await reading.close();
      expect(await idsLeft()).toEqual([]);
    },
  );

  it('reads more than the broker hands to one that names no limit', async () => {
    const more = Array.from({ length: 2_000 }, (_, at) =>
      broker.publish({ routingKey: queue, messageId: String(450 + at) }, Buffer.from('{}')),
    );
    await Promise.all(more);
    expect(await idsLeft()).toEqual(Array.from({ length: 2_450 }, (_, at) => String(at)));
  });

  it('gives back what was not acknowledged, in its order', async () => {
    const reading = await readAll(broker, clock, queue);
    for (const message of reading.messages) {
      if (Number(message.messageId) % 3 !== 0) reading.acknowledge(message);
    }
    expect(reading.left).toBe(150);
    await reading.close();
    expect(await idsLeft()).toEqual(Array.from({ length: 150 }, (_, at) => String(at * 3)));
  });
});
