import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Job } from '../../../src/queue/types.ts';
import { MemoryStore } from '../../../src/stores/memory/memory-store.ts';
import { migrateJobs, type MigrateReport } from '../../../src/stores/migrate-jobs.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import type { BrokerSource } from '../../../src/stores/rabbitmq/broker-source.ts';
import { ENDED, type StoredJob } from '../../../src/stores/rabbitmq/job-message.ts';
import { openBrokerSource } from '../../../src/stores/rabbitmq/open-source.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { StoreTarget } from '../../../src/stores/store-target.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { policyOf, uuidOf } from '../../support/store-fixture.ts';
import { publishStored, storedOf as storedAt } from '../../support/stored-message.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const log = silentLogger;
const standard = policyOf('q');

describe('moving jobs of which a broker has several copies', { skip: url === '' }, () => {
  let prefix: string;
  let broker: Broker;

  beforeEach(async () => {
    prefix = newPrefix();
    const onUp = (): void => undefined;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp });
    await broker.open();
  });

  afterEach(async () => {
    await broker.close();
  });

  const source = (): Promise<BrokerSource> => {
    const place = { url: new Secret(url), queueMode: 'quorum', namePrefix: prefix } as const;
    return openBrokerSource({ clock, log, ...place }, [standard]);
  };
  const memoryStore = async (): Promise<Store> => {
    const store = new MemoryStore({ clock });
    await store.open([standard]);
    return store;
  };
  const move = (from: BrokerSource, store: Store): Promise<MigrateReport> => {
    const to = new StoreTarget(store, [standard]);
    return migrateJobs({ from, to, clock, dryRun: false });
  };
  const listed = async (store: Store): Promise<readonly Job[]> => {
    const states = ['waiting', 'delayed', 'dead'] as const;
    const filter = { queues: null, functionId: null, cursor: null, limit: 100, states };
    return (await store.list({ ...filter, order: 'accepted' })).jobs;
  };
  /** Ids of what is left at the broker. */
  const left = async (): Promise<(string | undefined)[]> => {
    const { main, retry, dead } = new Names(prefix).of(standard);
    const found: (string | undefined)[] = [];
    for (const queue of [main, retry, dead]) {
      const reading = await readAll(broker, clock, queue);
      await reading.close();
      found.push(...reading.messages.map(({ messageId }) => messageId));
    }
    return found;
  };
  const storedOf = (number: number, settings: Partial<StoredJob> = {}): StoredJob =>
    storedAt(number, clock.now(), settings);
  const publish = (queue: string, stored: StoredJob): Promise<void> =>
    publishStored(broker, queue, stored);

  it('moves of several copies of a job the newest one, and none of a job that has ended', async () => {
    await (await openRabbitStore(url, prefix, [standard], clock)).close();
    const { main, retry, dead } = new Names(prefix).of(standard);
    for (const number of [1, 2, 3, 4, 5]) await publish(main, storedOf(number));
    // an engine was handed these and was killed
    await (await readAll(broker, clock, main)).close();
    await publish(retry, storedOf(2, { version: 1, attempts: 1 }));
    await publish(retry, storedOf(3, { version: 1, attempts: 1 }));
    const error = { code: 'boom', message: 'it failed' };
    const failure = { reason: 'exhausted', failedAt: clock.now(), error } as const;
    await publish(dead, storedOf(3, { version: 2, attempts: 2, failure, deathOrder: 1 }));
    const ended = { 'x-iii-version': 0 };
    const note = { routingKey: retry, type: ENDED, messageId: uuidOf(4), headers: ended };
    await broker.publish(note, Buffer.alloc(0));
    await publish(main, storedOf(6));
    const store = await memoryStore();
    const from = await source();
    expect(await move(from, store)).toMatchObject({ jobs: 5, left: [] });
    await from.close();
    const found = (await listed(store)).map(({ id, state, attempts }) => [id, state, attempts]);
    expect(found).toEqual([
      [uuidOf(1), 'waiting', 0],
      [uuidOf(2), 'waiting', 1],
      [uuidOf(3), 'dead', 2],
      [uuidOf(5), 'waiting', 0],
      [uuidOf(6), 'waiting', 0],
    ]);
    expect(await left()).toEqual([]);
  });

  it('moves nothing twice of which older copies come back while it goes on', async () => {
    await (await openRabbitStore(url, prefix, [standard], clock)).close();
    const { main, retry, dead } = new Names(prefix).of(standard);
    await publish(main, storedOf(1));
    await publish(retry, storedOf(2, { version: 1, attempts: 1 }));
    const error = { code: 'boom', message: 'it failed' };
    const failure = { reason: 'exhausted', failedAt: clock.now(), error } as const;
    await publish(dead, storedOf(3, { version: 2, attempts: 2, failure, deathOrder: 1 }));
    const note = { type: ENDED, messageId: uuidOf(4), headers: { 'x-iii-version': 0 } };
    await broker.publish({ routingKey: retry, ...note }, Buffer.alloc(0));
    const store = await memoryStore();
    const from = await source();
    const remove = from.remove.bind(from);
    let isLate = false;
    from.remove = async (jobs) => {
      await remove(jobs);
      if (isLate) return;
      isLate = true;
      for (const number of [1, 2, 3, 4, 5]) await publish(main, storedOf(number));
      await publish(retry, storedOf(3, { version: 1, attempts: 1 }));
    };
    expect(await move(from, store)).toMatchObject({ jobs: 4, left: [] });
    const found = (await listed(store)).map(({ id, state }) => [id, state]);
    expect(found).toEqual([
      [uuidOf(1), 'waiting'],
      [uuidOf(2), 'waiting'],
      [uuidOf(3), 'dead'],
      [uuidOf(5), 'waiting'],
    ]);
    await from.close();
    expect(await left()).toEqual([]);
  });

  it('leaves another job with the id of one, also when it reads again', async () => {
    await (await openRabbitStore(url, prefix, [standard], clock)).close();
    const { main, retry } = new Names(prefix).of(standard);
    await publish(retry, storedOf(1, { version: 1, attempts: 1 }));
    await publish(main, storedOf(1));
    await publish(main, storedOf(2));
    const from = await source();
    const remove = from.remove.bind(from);
    let isLate = false;
    from.remove = async (jobs) => {
      await remove(jobs);
      if (!isLate) await publish(main, storedOf(3));
      isLate = true;
    };
    const why = 'another job with the id of one that is there';
    expect(await move(from, await memoryStore())).toMatchObject({
      jobs: 3,
      left: [{ place: main, messages: 1, why }],
    });
    await from.close();
    expect(await left()).toEqual([uuidOf(1)]);
  });
});
