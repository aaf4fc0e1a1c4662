import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { QueueReader } from '../../../src/stores/rabbitmq/queue-reader.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix } from '../../support/rabbitmq-maker.ts';
import { Relay } from '../../support/relay.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const MESSAGES = 450;
const IDS = Array.from({ length: MESSAGES }, (_, at) => String(at));

describe('reading a queue of a broker and holding what is there', { skip: url === '' }, () => {
  let broker: Broker;
  let queue: string;

  beforeEach(async () => {
    const log = silentLogger;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp: () => undefined });
    await broker.open();
  });

  afterEach(async () => {
    await broker.admin((channel) => channel.queueDelete({ queue }));
    await broker.close();
  });

  const fill = async (type: 'quorum' | 'classic', oneReader: boolean): Promise<void> => {
    queue = newPrefix();
    const settings = {
      'x-queue-type': type,
      ...(oneReader ? { 'x-single-active-consumer': true } : {}),
    };
    await broker.admin((channel) =>
      channel.queueDeclare({ queue, durable: true, arguments: settings }),
    );
    const filling = IDS.map((messageId) =>
      broker.publish({ routingKey: queue, messageId }, Buffer.from('{}')),
    );
    await Promise.all(filling);
  };
  const ready = async (): Promise<number> =>
    (await broker.admin((channel) => channel.queueDeclare({ queue, passive: true }))).messageCount;
  const open = async (window: number): Promise<QueueReader> => {
    const reader = await QueueReader.open({ broker, clock, queue, window }, await ready());
    if (reader === undefined) throw new Error('there is nothing');
    return reader;
  };

  it.each([
    ['quorum', true],
    ['quorum', false],
    ['classic', true],
  ] as const)(
    'holds more than one channel does, in order (%s, one reader: %s)',
    async (type, oneReader) => {
      await fill(type, oneReader);
      const reader = await open(100);
      const ids: (string | undefined)[] = [];
      for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
        ids.push(next.messageId);
      }
      expect(ids).toEqual(IDS);
      expect(reader.held).toBe(MESSAGES);
      await reader.close();
      await eventually(async () => (await ready()) === MESSAGES);
    },
  );

  it('gives what follows when there is room, and takes out what was acknowledged only', async () => {
    await fill('quorum', true);
    const reader = await open(60);
    const kept: (string | undefined)[] = [];
    for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
      if (Number(next.messageId) % 9 === 0) kept.push(next.messageId);
      else await reader.acknowledge([next]);
    }
    expect(kept).toHaveLength(MESSAGES / 9);
    expect(reader.held).toBe(kept.length);
    await reader.close();
    await eventually(async () => (await ready()) === kept.length);
    const again = await open(60);
    const found: (string | undefined)[] = [];
    for (let next = await again.next(); next !== undefined; next = await again.next()) {
      found.push(next.messageId);
    }
    expect(found).toEqual(kept);
    await again.close();
  });

  it('ends when somebody else took what was there', async () => {
    await fill('quorum', false);
    const other = await open(1_000);
    for (const _ of IDS) await other.next();
    const reader = await QueueReader.open({ broker, clock, queue, window: 10 }, MESSAGES);
    expect(await reader?.next()).toBeUndefined();
  });

  it('rejects when the connection is gone: what it held is held no longer', async () => {
    await fill('quorum', false);
    const relay = await Relay.to(Number(new URL(url).port));
    const log = silentLogger;
    const through = new Secret(url.replace(/:\d+$/, `:${relay.port}`));
    const far = new Broker({ url: through, location: url, clock, log, onUp: () => undefined });
    await far.open();
    const parts = { broker: far, clock, queue, window: 10 };
    const reader = await QueueReader.open(parts, MESSAGES);
    const first = await reader?.next();
    relay.cut();
    const reading = async (): Promise<void> => {
      for (const _ of IDS) await reader?.next();
    };
    await expect(reading()).rejects.toThrow();
    await expect(reader?.acknowledge(first === undefined ? [] : [first])).rejects.toThrow('lost');
    await eventually(async () => (await ready()) === MESSAGES);
    await far.close();
    relay.close();
  });
});
