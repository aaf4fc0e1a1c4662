import { afterEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import { decide } from '../../../src/queue/decide.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Job } from '../../../src/queue/types.ts';
import { MemoryStore } from '../../../src/stores/memory/memory-store.ts';
import { migrateJobs, type MigrateReport } from '../../../src/stores/migrate-jobs.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { BrokerTarget } from '../../../src/stores/rabbitmq/broker-target.ts';
import { openBrokerTarget } from '../../../src/stores/rabbitmq/open-target.ts';
import type { RabbitStore } from '../../../src/stores/rabbitmq/rabbitmq-store.ts';
import { Names, Topology } from '../../../src/stores/rabbitmq/topology.ts';
import { StoreSource } from '../../../src/stores/store-source.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import {
  failed,
  fixedRandom,
  newJob,
  offerOf,
  policyOf,
  recordOf,
  uuidOf,
} from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const log = silentLogger;
const standard = policyOf('q', { concurrency: 100 });
const fifo = policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 4 });
const POLICIES = [standard, fifo];
const HOUR_MS = 3_600_000;
/** Of 250 jobs, each second one in one of two groups: one is delayed, one was tried, three are dead. */
const JOBS = 250;
const DELAYED = uuidOf(241);

describe('moving jobs to a broker', { skip: url === '' }, () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });
  const closing = <One extends { close(): Promise<void> }>(one: One): One => {
    opened.push(one);
    return one;
  };

  const memory = async (policies = POLICIES): Promise<Store> => {
    const store = closing(new MemoryStore({ clock }));
    await store.open(policies);
    return store;
  };
  const filled = async (): Promise<Store> => {
    const store = await memory();
    const now = clock.now();
    const jobs = Array.from({ length: JOBS }, (_, at) => {
      const group = at % 2 === 0 ? null : String(at % 4);
      const dueAt = now + (uuidOf(at + 1) === DELAYED ? HOUR_MS : 0);
      const queue = group === null ? 'q' : 'fifo';
      const payload = `{"n":${at}.0}`;
      return newJob(uuidOf(at + 1), now, { queue, group, dueAt, payload, metadata: '{"a":"é"}' });
    });
    await store.append(jobs);
    for (const [limit, code] of [
      [3, 'non_retryable'],
      [1, 'failed'],
    ] as const) {
      for (const lease of await store.lease({ queue: 'q', limit, offer: offerOf(null) })) {
        const [outcome, at] = [failed(code), clock.now()];
        const policy = { ...standard, backoffMs: 10 };
        const verdict = decide(outcome, lease, policy, at, fixedRandom());
        const record = recordOf(lease, outcome, at);
        await store.settle([{ id: lease.job.id, epoch: lease.epoch, verdict, record, at }]);
      }
    }
    return store;
  };
  const target = async (namePrefix: string): Promise<BrokerTarget> =>
    closing(
      await openBrokerTarget(
        { clock, log, url: new Secret(url), queueMode: 'quorum', namePrefix },
        POLICIES,
      ),
    );
  const move = (from: Store, to: BrokerTarget, dryRun = false): Promise<MigrateReport> =>
    migrateJobs({
      from: new StoreSource(from, { clock, random: systemRandom }),
      to,
      clock,
      dryRun,
    });
  const engineOn = async (prefix: string): Promise<RabbitStore> =>
    closing(await openRabbitStore(url, prefix, POLICIES, clock));
  const jobsOf = async (store: Store, order: 'accepted' | 'died'): Promise<readonly Job[]> => {
    const states = ['waiting', 'delayed', 'dead'] as const;
    const filter = { queues: null, functionId: null, cursor: null, limit: 1_000, states, order };
    return (await store.list(filter)).jobs;
  };
  const facts = (jobs: readonly Job[]): object[] =>
    jobs.map(({ seq: _seq, epoch: _epoch, ...rest }) => rest);

  /** Runs what is there; answers the jobs in the order in which they were leased. */
  const runAll = async (engine: Store, count: number): Promise<readonly Job[]> => {
    const ran: Job[] = [];
    await eventually(async () => {
      for (const queue of ['q', 'fifo']) {
        for (const lease of await engine.lease({ queue, limit: 100, offer: offerOf(null) })) {
          ran.push(lease.job);
          const verdict = { kind: 'complete' } as const;
          const { id } = lease.job;
          const at = clock.now();
          await engine.settle([{ id, epoch: lease.epoch, verdict, record: null, at }]);
        }
      }
      return ran.length >= count;
    }, 20_000);
    return ran;
  };
  const idsIn = (jobs: readonly Job[], group: string | null): string[] =>
    jobs.filter((job) => job.group === group).map(({ id }) => id);

  it('keeps ids, order, attempts, history, delays and deaths', async () => {
    const prefix = newPrefix();
    const from = await filled();
    const before = { jobs: await jobsOf(from, 'accepted'), dead: await jobsOf(from, 'died') };
    const to = await target(prefix);
    expect(await move(from, to, true)).toMatchObject({ jobs: JOBS, losses: [] });
    const report = await move(from, to);
    expect(report.jobs).toBe(JOBS);
    expect(report.digests.to).toBe(report.digests.from);
    expect(await jobsOf(from, 'accepted')).toEqual([]);
    const engine = await engineOn(prefix);
    expect(facts(await jobsOf(engine, 'died'))).toEqual(facts(before.dead));
    expect(await engine.get(before.dead[0]?.id ?? '')).toMatchObject({ attempts: 1 });
    const ran = await runAll(engine, JOBS - 4);
    const waiting = before.jobs.filter(({ id, state }) => state !== 'dead' && id !== DELAYED);
    const tried = waiting.find(({ attempts }) => attempts === 1);
    expect(ran.find(({ id }) => id === tried?.id)).toMatchObject({
      attempts: 1,
      history: tried?.history,
      payload: tried?.payload,
      metadata: '{"a":"é"}',
    });
    for (const group of ['1', '3']) expect(idsIn(ran, group)).toEqual(idsIn(waiting, group));
    expect(new Set(idsIn(ran, null))).toEqual(new Set(idsIn(waiting, null)));
    expect(ran).toHaveLength(JOBS - 4);
    const late = await engine.lease({ queue: 'q', limit: 9, offer: offerOf(null) });
    expect(late.map(({ job }) => job.id)).not.toContain(DELAYED);
  });

  /** A run ends after so many messages, and with none of them taken out of the source. */
  const killedAfter = async (prefix: string, from: Store, published: number): Promise<void> => {
    const onUp = (): void => undefined;
    const broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp });
    await broker.open();
    const publish = broker.publish.bind(broker);
    let left = published;
    broker.publish = (envelope, body) =>
      envelope.messageId === undefined || left-- > 0
        ? publish(envelope, body)
        : Promise.reject(new Error('killed'));
    const names = new Names(prefix);
    const topology = new Topology({ broker, clock, mode: 'quorum', names, log });
    const parts = { broker, topology, clock, location: url, policies: POLICIES };
    const to = closing(new BrokerTarget(parts));
    await expect(move(from, to)).rejects.toThrow('killed');
    await to.close();
  };
  /** A run ends when the source has lost so many of the jobs that were put. */
  const killedAt = async (prefix: string, from: Store, removed: number): Promise<void> => {
    const dying = new Proxy(from, {
      get: (store, name): unknown => {
        if (name === 'cancel') {
          return async (ids: readonly string[]) => {
            await store.cancel(ids.slice(0, removed));
            throw new Error('killed');
          };
        }
        const value: unknown = Reflect.get(store, name);
        return typeof value === 'function' ? (value.bind(store) as unknown) : value;
      },
    });
    const to = await target(prefix);
    await expect(move(dying, to)).rejects.toThrow('killed');
    await to.close();
  };

  it('doubles and loses nothing when it was killed, again and again, and is run again', async () => {
    const prefix = newPrefix();
    const from = await filled();
    const before = await jobsOf(from, 'accepted');
    await killedAfter(prefix, from, 0);
    await killedAfter(prefix, from, 70);
    await killedAfter(prefix, from, 1);
    await killedAt(prefix, from, 0);
    await killedAt(prefix, from, 7);
    await killedAfter(prefix, from, 3);
    const to = await target(prefix);
    const report = await move(from, to);
    expect(report.digests.to).toBe(report.digests.from);
    await to.close();
    const engine = await engineOn(prefix);
    const waiting = before.filter(({ id, state }) => state !== 'dead' && id !== DELAYED);
    const ran = await runAll(engine, JOBS - 4);
    expect(ran.map(({ id }) => id).sort()).toEqual(waiting.map(({ id }) => id).sort());
    for (const group of ['1', '3']) expect(idsIn(ran, group)).toEqual(idsIn(waiting, group));
    const stats = await engine.stats();
    expect(stats.get('q')).toMatchObject({ dead: 3, waiting: 0, inFlight: 0 });
    expect(stats.get('fifo')).toMatchObject({ dead: 0, waiting: 0, inFlight: 0 });
  });

  it('lets no engine start until it has ended', async () => {
    const prefix = newPrefix();
    const from = await filled();
    await killedAfter(prefix, from, 10);
    await expect(engineOn(prefix)).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: expect.stringContaining(`${prefix}.migration`) as unknown,
    });
    const to = await target(prefix);
    await move(from, to);
    await to.close();
    expect((await (await engineOn(prefix)).stats()).get('fifo')?.waiting).toBe(JOBS / 2);
  });

  it('is refused while an engine uses the broker', async () => {
    const prefix = newPrefix();
    await engineOn(prefix);
    await expect(move(await filled(), await target(prefix), true)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Engines use the target') as unknown,
    });
  });

  it('is refused when the target has no queue for jobs: nobody would see them there', async () => {
    const from = await memory([policyOf('other')]);
    await from.append([newJob(uuidOf(1), clock.now(), { queue: 'other' })]);
    await expect(move(from, await target(newPrefix()), true)).rejects.toMatchObject({
      message: "The target has no queue 'other', and the source has jobs of it.",
    });
  });

  it('names what jobs lose, and moves them without it', async () => {
    const prefix = newPrefix();
    const from = await memory();
    await from.append([
      newJob(uuidOf(1), clock.now(), { priority: 5 }),
      newJob(uuidOf(2), clock.now(), { dedupKey: 'k', priority: 1 }),
      newJob(uuidOf(3), clock.now()),
    ]);
    const to = await target(prefix);
    const { losses, jobs } = await move(from, to, true);
    expect(jobs).toBe(3);
    expect(losses).toMatchObject([
      { feature: 'priority', jobs: 2, ids: [uuidOf(1), uuidOf(2)] },
      { feature: 'dedup_key', jobs: 1, ids: [uuidOf(2)] },
    ]);
    const report = await move(from, to);
    expect(report.digests.to).toBe(report.digests.from);
    await to.close();
    const ran = await runAll(await engineOn(prefix), 3);
    expect(ran.map(({ id, priority }) => [id, priority])).toEqual([
      [uuidOf(1), 0],
      [uuidOf(2), 0],
      [uuidOf(3), 0],
    ]);
  });

  it('pauses queues, as an engine finds them', async () => {
    const prefix = newPrefix();
    const to = await target(prefix);
    expect(await to.isPaused('q')).toBe(false);
    await to.pause('q');
    expect(await to.isPaused('q')).toBe(true);
    await to.close();
    expect((await (await engineOn(prefix)).stats()).get('q')?.paused).toBe(true);
  });
});
