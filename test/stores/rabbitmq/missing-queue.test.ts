import type { Channel, Envelope } from 'rabbitmq-client';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { QueuePolicy } from '../../../src/queue/types.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { PublishError } from '../../../src/stores/rabbitmq/broker-errors.ts';
import { encodeJob } from '../../../src/stores/rabbitmq/job-message.ts';
import type { LineNames } from '../../../src/stores/rabbitmq/topology.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const standard = policyOf('q', { concurrency: 20 });
const fifo = policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 10 });
const JOBS = 6;
const FAR_MS = 600_000;

/** Runs what there is until so many jobs have ended; answers them in that order. */
async function runAll(store: Store, queue: string): Promise<string[]> {
  const ran: string[] = [];
  await eventually(async () => {
    for (const { lease } of await store.reclaim(100)) {
      const verdict = { kind: 'return', countsInterruption: true } as const;
      const { id } = lease.job;
      await store.settle([{ id, epoch: lease.epoch, verdict, record: null, at: clock.now() }]);
    }
    for (const { job, epoch } of await store.lease({ queue, limit: 100, offer: offerOf(null) })) {
      const end = { id: job.id, epoch, verdict: { kind: 'complete' } as const, record: null };
      if ((await store.settle([{ ...end, at: clock.now() }]))[0] === true) ran.push(job.id);
    }
    return ran.length >= JOBS;
  }, 8_000).catch(() => undefined);
  return ran;
}

describe('a queue that is not there when it is asked for', { skip: url === '' }, () => {
  let broker: Broker;
  let prefix: string;
  const stores: Store[] = [];

  beforeEach(async () => {
    const log = silentLogger;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp: () => undefined });
    await broker.open();
    prefix = newPrefix();
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    for (const store of stores.splice(0)) await store.close();
    await broker.close();
  });

  async function open(policy: QueuePolicy): Promise<Store> {
    const store = await openRabbitStore(url, prefix, [policy], clock);
    stores.push(store);
    return store;
  }

  function namesOf(policy: QueuePolicy): LineNames {
    return new Names(prefix).of(policy);
  }

  async function remove(queue: string): Promise<void> {
    await broker.admin((channel) => channel.queueDelete({ queue }));
  }

  async function readyIn(queue: string): Promise<number> {
    const found = await broker.admin((channel) => channel.queueDeclare({ queue, passive: true }));
    return found.messageCount;
  }

  /**
   * Deletes a queue once, right after a channel of the next session does not consume any more.
   * Resolves when the engine has heard of it.
   */
  function removeAfterCancel(queue: string): Promise<void> {
    let done = (): void => undefined;
    const removed = new Promise<void>((resolve) => {
      done = resolve;
    });
    const channel = Reflect.get(Broker.prototype, 'channel');
    let isDue = true;
    vi.spyOn(Broker.prototype, 'channel').mockImplementation(async function (this: Broker) {
      const opened: Channel = await channel.call(this);
      const cancel = opened.basicCancel.bind(opened);
      vi.spyOn(opened, 'basicCancel').mockImplementation(async (tag) => {
        const answer = await Reflect.apply(cancel, opened, [tag]);
        if (isDue) {
          isDue = false;
          await remove(queue);
          opened.once('close', () => {
            clock.after(100, done);
          });
        }
        return answer;
      });
      return opened;
    });
    return removed;
  }

  async function fill(store: Store, policy: QueuePolicy): Promise<string[]> {
    const ids = Array.from({ length: JOBS }, (_, at) => uuidOf(at + 1));
    const place = { queue: policy.name, group: policy.type === 'fifo' ? 'a' : null };
    for (const id of ids) await store.append([newJob(id, clock.now(), place)]);
    await eventually(async () => (await held(store)) === JOBS);
    return ids;
  }

  async function held(store: Store): Promise<number> {
    const filter = { queues: null, functionId: null, cursor: null, limit: 100 } as const;
    const states = ['waiting', 'delayed'] as const;
    return (await store.list({ ...filter, states, order: 'accepted' })).jobs.length;
  }

  it('costs no job when an engine begins to consume it again', async () => {
    const removed = removeAfterCancel(namesOf(standard).main);
    const store = await open(standard);
    const ids = await fill(store, standard);
    store.configure([{ ...standard, concurrency: 10 }]);
    await removed;
    expect((await runAll(store, 'q')).sort()).toEqual(ids);
  });

  it('costs an attempt neither its lease nor its retry then', async () => {
    const removed = removeAfterCancel(namesOf(standard).main);
    const store = await open(standard);
    const ids = await fill(store, standard);
    const [lease] = await store.lease({ queue: 'q', limit: 1, offer: offerOf(null) });
    const { job, epoch } = lease ?? { job: { id: '' }, epoch: 0 };
    store.configure([{ ...standard, concurrency: 10 }]);
    await removed;
    const verdict = { kind: 'retry', dueAt: clock.now() } as const;
    const end = { id: job.id, epoch, verdict, record: null, at: clock.now() };
    expect(await store.settle([end])).toEqual([true]);
    expect((await runAll(store, 'q')).sort()).toEqual(ids);
  });

  it.each([standard, fifo])('costs no job when an engine stops ($type)', async (policy) => {
    void removeAfterCancel(namesOf(policy).main);
    const store = await open(policy);
    const ids = await fill(store, policy);
    await store.close();
    const ran = await runAll(await open(policy), policy.name);
    expect(policy.type === 'fifo' ? ran : ran.sort()).toEqual(ids);
  });

  it('costs no job whose long delay could not be given to the broker', async () => {
    const publish = Reflect.get(Broker.prototype, 'publish');
    let isBroken = true;
    let refused = 0;
    vi.spyOn(Broker.prototype, 'publish').mockImplementation(function (
      this: Broker,
      envelope: Envelope,
      body: Buffer,
    ) {
      const isDelay = envelope.exchange?.includes('.delay.') === true;
      if (!isBroken || !isDelay) return publish.call(this, envelope, body);
      refused++;
      return Promise.reject(new PublishError('lost', 'a test says so'));
    });
    const store = await open(standard);
    const { retry } = namesOf(standard);
    const { dedupKey: _, ...job } = newJob(uuidOf(1), clock.now(), { queue: 'q' });
    const past = { attempts: 1, interruptions: 0, epoch: 1, history: [], failure: null };
    const place = { seq: 1, leasedAt: null, version: 1, deathOrder: 0 };
    const { envelope, body } = encodeJob({
      ...{ ...job, ...past, ...place },
      dueAt: clock.now() + FAR_MS,
    });
    await broker.publish({ ...envelope, routingKey: retry }, body);
    await eventually(() => refused === 1);
    await remove(retry);
    isBroken = false;
    const { name } = new Names(prefix).delay(FAR_MS - 30_000);
    await eventually(async () => (await readyIn(name).catch(() => 0)) === 1, 8_000);
    await eventually(async () => (await held(store)) === 0);
    expect(await eventually(async () => `${await readyIn(retry)} left`)).toBe('0 left');
  });
});
