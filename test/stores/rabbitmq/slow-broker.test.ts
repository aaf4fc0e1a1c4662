import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Job, Lease } from '../../../src/queue/types.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { QueueReader } from '../../../src/stores/rabbitmq/queue-reader.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { findRabbitMq, RabbitMqServer } from '../../support/rabbitmq-server.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const clock = new SystemClock();
const bin = findRabbitMq();
const MESSAGES = 300;
/** Long enough for the broker to give back what it forgot the acknowledgement of. */
const GIVEN_BACK_MS = 300;
/** What all quorum queues of a broker write with. */
const WRITER = 'ra_log_wal';

/**
 * With 32 commands on their way to the disk a quorum queue keeps back what more a channel tells it, and
 * it forgets that when the channel is closed.
 */
describe('a broker with a slow disk', { skip: bin === undefined }, () => {
  let server: RabbitMqServer;
  let broker: Broker;
  let queue: string;

  beforeAll(async () => {
    server = await RabbitMqServer.start(bin ?? '');
  });

  afterAll(async () => {
    await server.stop();
  });

  beforeEach(async () => {
    const [url, log] = [new Secret(server.url), silentLogger];
    broker = new Broker({ url, location: server.url, clock, log, onUp: () => undefined });
    await broker.open();
    queue = newPrefix();
  });

  afterEach(async () => {
    await broker.close();
  });

  const fill = async (oneReader: boolean): Promise<void> => {
    const only = oneReader ? { 'x-single-active-consumer': true } : {};
    const settings = { 'x-queue-type': 'quorum', ...only } as const;
    await broker.admin((channel) =>
      channel.queueDeclare({ queue, durable: true, arguments: settings }),
    );
    await Promise.all(
      Array.from({ length: MESSAGES }, (_, at) =>
        broker.publish({ routingKey: queue, messageId: String(at) }, Buffer.from('{}')),
      ),
    );
  };
  const givenBack = async (): Promise<number> => {
    await new Promise<void>((resolve) => {
      clock.after(GIVEN_BACK_MS, resolve);
    });
    const found = await broker.admin((channel) => channel.queueDeclare({ queue, passive: true }));
    return found.messageCount;
  };

  /** Does something while the disk takes nothing; that ends when the disk is back. */
  const withoutDisk = async (act: () => Promise<void>): Promise<void> => {
    await server.control('eval', `sys:suspend(${WRITER}).`);
    const acting = act();
    await server.control('eval', `sys:resume(${WRITER}).`);
    await acting;
  };

  it.each([
    [true, 70],
    [false, MESSAGES],
  ])(
    'has everything that a reader acknowledged (one reader: %s, window: %s)',
    async (oneReader, window) => {
      await fill(oneReader);
      const reader = await QueueReader.open({ broker, clock, queue, window }, MESSAGES);
      const all = [];
      for (const _ of Array(MESSAGES)) all.push((await reader?.next()) ?? expect.fail());
      // one here and one there, so that each is a command of its own
      const mixed = all.filter((_, at) => at % 2 === 0).concat(all.filter((_, at) => at % 2 === 1));
      await withoutDisk(async () => {
        await reader?.acknowledge(mixed);
        await reader?.close();
      });
      expect(await givenBack()).toBe(0);
    },
  );

  it.each([null, MESSAGES])(
    'has everything that was acknowledged of a whole reading (limit: %s)',
    async (limit) => {
      await fill(true);
      const reading = await readAll(broker, clock, queue, limit);
      await withoutDisk(async () => {
        for (const message of reading.messages) reading.acknowledge(message);
        await reading.close();
      });
      expect(await givenBack()).toBe(0);
    },
  );

  it.each(['standard', 'fifo'] as const)(
    'runs no job again that ended before its engine stopped (%s)',
    async (type) => {
      const fifo = { type, groupField: 'g', groupConcurrency: 200 } as const;
      const policies = [policyOf('q', type === 'fifo' ? fifo : { concurrency: 200 })];
      const store = await openRabbitStore(server.url, queue, policies, clock);
      await store.append(
        Array.from({ length: MESSAGES }, (_, at) =>
          newJob(uuidOf(at), clock.now(), { group: type === 'fifo' ? String(at) : null }),
        ),
      );
      const running: Lease[] = [];
      await eventually(async () => {
        running.push(...(await store.lease({ queue: 'q', limit: 200, offer: offerOf(null) })));
        return running.length >= 200;
      });
      // one here and one there, as workers answer
      const ended = running.filter((_, at) => at % 2 === 0);
      await withoutDisk(async () => {
        const at = clock.now();
        const settling = ended.map(({ job: { id }, epoch }) =>
          store.settle([{ id, epoch, verdict: { kind: 'complete' }, record: null, at }]),
        );
        await Promise.all(settling);
        await store.close();
      });
      const next = await openRabbitStore(server.url, queue, policies, clock);
      const left = MESSAGES - ended.length;
      const filter = { queues: null, functionId: null, cursor: null, limit: 1_000, states: null };
      let jobs: readonly Job[] = [];
      await eventually(async () => {
        ({ jobs } = await next.list({ ...filter, order: 'accepted' }));
        return jobs.length >= left;
      });
      const again = new Set(ended.map(({ job }) => job.id));
      expect(jobs.filter(({ id }) => again.has(id))).toEqual([]);
      expect(jobs).toHaveLength(left);
      await next.close();
    },
  );
});
