import type { Envelope } from 'rabbitmq-client';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Lease, QueuePolicy, Verdict } from '../../../src/queue/types.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { MARKER } from '../../../src/stores/rabbitmq/read-all.ts';
import type { LineNames } from '../../../src/stores/rabbitmq/topology.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { Relay } from '../../support/relay.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
/** How much later than it does the broker confirms a copy. */
const LATE_MS = 60;
const standard = policyOf('q');
const fifo = policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 10 });
const types = [standard, fifo];
const complete = { kind: 'complete' } as const;
const dead = {
  kind: 'dead',
  reason: 'exhausted',
  error: { code: 'x', message: 'no' },
  countsAttempt: true,
} as const;

async function lease(store: Store, queue: string): Promise<Lease> {
  return eventually(async () => {
    const [found] = await store.lease({ queue, limit: 1, offer: offerOf(null) });
    return found;
  });
}

async function end(store: Store, { job, epoch }: Lease, verdict: Verdict): Promise<boolean> {
  const settlement = { id: job.id, epoch, verdict, record: null, at: clock.now() };
  return (await store.settle([settlement]))[0] === true;
}

/** Runs what there is until so many jobs have ended and nothing is left; answers them in that order. */
async function runAll(store: Store, queue: string, expected: number): Promise<string[]> {
  const ran: string[] = [];
  let nothingSince = performance.now();
  await eventually(async () => {
    for (const { lease: orphan } of await store.reclaim(100)) {
      await end(store, orphan, { kind: 'return', countsInterruption: true });
    }
    const leases = await store.lease({ queue, limit: 100, offer: offerOf(null) });
    for (const one of leases) {
      if (await end(store, one, complete)) ran.push(one.job.id);
    }
    if (leases.length > 0) nothingSince = performance.now();
    return ran.length >= expected && performance.now() > nothingSince + 700;
  }, 12_000).catch(() => undefined);
  return ran;
}

describe('a queue that is deleted at the broker', { skip: url === '' }, () => {
  let broker: Broker;
  let prefix: string;
  /** Jobs a copy of which was published, as soon as it is at the broker and before that is known here. */
  let copies: string[];
  /** Copies that were on their way at the same time, at most. */
  let mostOnTheWay: number;
  const stores: Store[] = [];

  beforeEach(async () => {
    const log = silentLogger;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp: () => undefined });
    await broker.open();
    prefix = newPrefix();
    copies = [];
    mostOnTheWay = 0;
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    for (const store of stores.splice(0)) await store.close();
    await broker.close();
  });

  async function open(policies: readonly QueuePolicy[], at = url): Promise<Store> {
    const store = await openRabbitStore(at, prefix, policies, clock);
    stores.push(store);
    return store;
  }

  /** From now on the broker confirms late, or then, what goes to the retry queue and is a copy of a job. */
  function confirmCopiesLate(until = (): Promise<void> => pause(LATE_MS)): void {
    const publish = Reflect.get(Broker.prototype, 'publish');
    let onTheWay = 0;
    vi.spyOn(Broker.prototype, 'publish').mockImplementation(async function (
      this: Broker,
      envelope: Envelope,
      body: Buffer,
    ) {
      const isCopy =
        envelope.routingKey?.endsWith('retry.queue') === true && envelope.type === undefined;
      if (isCopy) mostOnTheWay = Math.max(mostOnTheWay, (onTheWay += 1));
      await publish.call(this, envelope, body);
      if (!isCopy) return;
      copies.push(envelope.messageId ?? '');
      await until();
      onTheWay -= 1;
    });
  }

  async function fill(store: Store, queue: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, at) => uuidOf(at + 1));
    const group = queue === 'fifo' ? 'a' : null;
    for (const id of ids) await store.append([newJob(id, clock.now(), { queue, group })]);
    await eventually(async () => {
      const filter = { queues: [queue], functionId: null, cursor: null, limit: 1_000 } as const;
      const { jobs } = await store.list({ ...filter, states: ['waiting'], order: 'accepted' });
      return jobs.length === count;
    });
    return ids;
  }

  function namesOf(queue: string): LineNames {
    return new Names(prefix).of(queue === 'fifo' ? fifo : standard);
  }

  async function remove(queue: string): Promise<void> {
    await broker.admin((channel) => channel.queueDelete({ queue }));
  }

  /** Whether so many copies were published. */
  async function published(count: number): Promise<void> {
    await eventually(() => copies.length >= count);
  }

  it.each([
    ['completes', complete],
    ['dies', dead],
  ] as const)('loses nothing when a job %s while its copy is published', async (_, verdict) => {
    const store = await open([fifo]);
    const [first, ...rest] = await fill(store, 'fifo', 6);
    const running = await lease(store, 'fifo');
    confirmCopiesLate();
    await remove(namesOf('fifo').main);
    await published(1);
    expect(copies[0]).toBe(first);
    expect(await end(store, running, verdict)).toBe(true);
    expect(await runAll(store, 'fifo', rest.length)).toEqual(rest);
    await store.close();
    const next = await open([fifo]);
    expect(await runAll(next, 'fifo', 0)).toEqual([]);
  });

  it('is made anew, many jobs at once, without those that ended before their turn', async () => {
    const store = await open([fifo]);
    const [first, ...rest] = await fill(store, 'fifo', 300);
    const other = uuidOf(999);
    await store.append([newJob(other, clock.now(), { queue: 'fifo', group: 'b' })]);
    const leases = [await lease(store, 'fifo'), await lease(store, 'fifo')];
    confirmCopiesLate();
    await remove(namesOf('fifo').main);
    await published(1);
    const [, last] = leases;
    expect(last?.job.id).toBe(other);
    for (const one of leases) expect(await end(store, one, complete)).toBe(true);
    expect(await runAll(store, 'fifo', rest.length)).toEqual(rest);
    expect(copies).toEqual(expect.arrayContaining([first, ...rest]));
    expect(copies).not.toContain(other);
    expect(mostOnTheWay).toBeGreaterThan(50);
  });

  it.each(types)('does not end an attempt ($type)', async ({ name, ...settings }) => {
    const store = await open([{ name, ...settings }]);
    const [first, ...rest] = await fill(store, name, 3);
    const running = await lease(store, name);
    expect(running.job.id).toBe(first);
    confirmCopiesLate();
    await remove(namesOf(name).main);
    await published(rest.length);
    // long enough for all of it to have come again
    await pause(1_000);
    expect(await end(store, running, { kind: 'retry', dueAt: clock.now() })).toBe(true);
    const ran = await runAll(store, name, 3);
    expect(ran.sort()).toEqual([first, ...rest]);
  });

  it.each(types)('is made anew although the connection is lost ($type)', async (policy) => {
    const relay = await Relay.to(Number(new URL(url).port));
    const { name } = policy;
    const own = new URL(url);
    own.port = String(relay.port);
    const store = await open([policy], own.href);
    const ids = await fill(store, name, 6);
    confirmCopiesLate();
    await remove(namesOf(name).main);
    await published(2);
    relay.cut();
    expect([...new Set(await runAll(store, name, ids.length))].sort()).toEqual(ids);
    await store.close();
    relay.close();
  });

  it.each(types)('is handed on when the engine stops ($type)', async (policy) => {
    const { name } = policy;
    const store = await open([policy]);
    const ids = await fill(store, name, 5);
    await lease(store, name);
    confirmCopiesLate();
    await remove(namesOf(name).main);
    await published(1);
    await store.close();
    const next = await open([policy]);
    const ran = await runAll(next, name, ids.length);
    expect(name === 'fifo' ? ran : ran.sort()).toEqual(ids);
  });

  it.each(['main', 'retry'] as const)('is made anew twice (%s)', async (second) => {
    const store = await open([fifo]);
    const ids = await fill(store, 'fifo', 5);
    let isRemoved = (): void => undefined;
    const removed = new Promise<void>((resolve) => {
      isRemoved = resolve;
    });
    confirmCopiesLate(() => removed);
    const names = namesOf('fifo');
    await remove(names.main);
    await published(3);
    // what is at the broker and not held would be gone with the queue
    await remove(names[second]);
    isRemoved();
    expect(await runAll(store, 'fifo', ids.length)).toEqual(ids);
  });

  it('is made anew with what came to an engine that had not begun', async () => {
    let begin = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const publish = Reflect.get(Broker.prototype, 'publish');
    vi.spyOn(Broker.prototype, 'publish').mockImplementation(async function (
      this: Broker,
      envelope: Envelope,
      body: Buffer,
    ) {
      // behind it is known that everything with a past has come
      if (envelope.type === MARKER) await held;
      await publish.call(this, envelope, body);
    });
    const opening = open([fifo]);
    const { main } = namesOf('fifo');
    const look = () =>
      broker.admin((channel) => channel.queueDeclare({ queue: main, passive: true }));
    await eventually(async () => (await look()).consumerCount === 1);
    const body = Buffer.from('{"g":"a"}');
    await broker.publish({ routingKey: main, headers: { function_id: 'f' } }, body);
    await eventually(async () => (await look()).messageCount === 0);
    // the broker has sent it; the client hands it over a moment later
    await pause(300);
    await remove(main);
    await pause(300);
    begin();
    const store = await opening;
    expect(await runAll(store, 'fifo', 1)).toHaveLength(1);
  });
});
