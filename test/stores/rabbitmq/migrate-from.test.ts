import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import { decide } from '../../../src/queue/decide.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Job } from '../../../src/queue/types.ts';
import { FileStore } from '../../../src/stores/file/file-store.ts';
import type { JobTarget } from '../../../src/stores/job-target.ts';
import { migrateJobs, type MigrateReport } from '../../../src/stores/migrate-jobs.ts';
import { migratePauses } from '../../../src/stores/migrate-pauses.ts';
import { MemoryStateStore } from '../../../src/stores/memory/memory-state-store.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import type { BrokerSource } from '../../../src/stores/rabbitmq/broker-source.ts';
import { openBrokerSource } from '../../../src/stores/rabbitmq/open-source.ts';
import { openBrokerTarget } from '../../../src/stores/rabbitmq/open-target.ts';
import type { RabbitStore } from '../../../src/stores/rabbitmq/rabbitmq-store.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { StoreTarget } from '../../../src/stores/store-target.ts';
import { temporaryFolder } from '../../support/engine-process.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { publishStored, storedOf } from '../../support/stored-message.ts';
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
/** Of 250 jobs each second one is in one of two groups; two wait long, three are dead, one was tried. */
const JOBS = 250;
const LATER = [uuidOf(241), uuidOf(242)];
const ALL = Array.from({ length: JOBS }, (_, at) => uuidOf(at + 1));

describe('moving jobs away from a broker', { skip: url === '' }, () => {
  const opened: { close(): Promise<void> }[] = [];
  const closing = <One extends { close(): Promise<void> }>(one: One): One => {
    opened.push(one);
    return one;
  };
  let prefix: string;
  let broker: Broker;
  let folder: { readonly path: string; remove(): void };

  beforeEach(async () => {
    prefix = newPrefix();
    folder = temporaryFolder();
    const onUp = (): void => undefined;
    broker = closing(new Broker({ url: new Secret(url), location: url, clock, log, onUp }));
    await broker.open();
  });

  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
    folder.remove();
  });

  const engineOn = async (policies = POLICIES): Promise<RabbitStore> =>
    closing(await openRabbitStore(url, prefix, policies, clock));
  const source = async (policies = POLICIES): Promise<BrokerSource> => {
    const place = { url: new Secret(url), queueMode: 'quorum', namePrefix: prefix } as const;
    return closing(await openBrokerSource({ clock, log, ...place }, policies));
  };
  const fileStore = async (): Promise<Store> => {
    const store = closing(new FileStore({ clock, log, path: folder.path }));
    await store.open(POLICIES);
    return store;
  };
  const move = (from: BrokerSource, to: JobTarget, dryRun = false): Promise<MigrateReport> =>
    migrateJobs({ from, to, clock, dryRun });
  /** A whole run; answers when nobody reads the source any more. */
  const moveTo = async (store: Store): Promise<MigrateReport> => {
    const from = await source();
    const report = await move(from, new StoreTarget(store, POLICIES));
    await from.close();
    return report;
  };
  const listed = async (store: Store, order: 'accepted' | 'died'): Promise<readonly Job[]> => {
    const states = ['waiting', 'delayed', 'dead'] as const;
    const filter = { queues: null, functionId: null, cursor: null, limit: 1_000, states, order };
    return (await store.list(filter)).jobs;
  };
  const idsOf = (jobs: readonly Job[], queue: string): string[] =>
    jobs.filter((job) => job.queue === queue).map(({ id }) => id);

  /** Fills the broker as an engine does, and answers the jobs as that engine had them. */
  const filled = async (): Promise<{ jobs: readonly Job[]; died: readonly Job[] }> => {
    const engine = await engineOn();
    const now = clock.now();
    await engine.append(
      ALL.map((id, at) => {
        const group = at % 2 === 0 ? null : String(at % 4);
        const dueAt = now + (LATER.includes(id) ? HOUR_MS : 0);
        const queue = group === null ? 'q' : 'fifo';
        const settings = { queue, group, dueAt, payload: `{"n":${at}.0}`, metadata: '{"a":"é"}' };
        return newJob(id, now, settings);
      }),
    );
    let jobs: readonly Job[] = [];
    await eventually(async () => (jobs = await listed(engine, 'accepted')).length === JOBS - 1);
    for (const [code, count] of [
      ['non_retryable', 3],
      ['failed', 1],
    ] as const) {
      const request = { queue: 'q', limit: count, offer: offerOf(null) };
      for (const lease of await engine.lease(request)) {
        const [outcome, at] = [failed(code), clock.now()];
        const policy = { ...standard, backoffMs: 30_000 };
        const verdict = decide(outcome, lease, policy, at, fixedRandom());
        const record = recordOf(lease, outcome, at);
        await engine.settle([{ id: lease.job.id, epoch: lease.epoch, verdict, record, at }]);
      }
    }
    await eventually(async () => (jobs = await listed(engine, 'accepted')).length === JOBS - 1);
    const died = await listed(engine, 'died');
    await engine.close();
    return { jobs, died };
  };
  /** Messages at the broker that are left of a queue. */
  const leftIn = async (name: 'q' | 'fifo'): Promise<(string | undefined)[]> => {
    const { main, retry, dead } = new Names(prefix).of(name === 'q' ? standard : fifo);
    const found: (string | undefined)[] = [];
    for (const queue of [main, retry, dead]) {
      const reading = await readAll(broker, clock, queue);
      await reading.close();
      const jobs = reading.messages.filter(({ type }) => type !== 'iii.epochs');
      found.push(...jobs.map(({ messageId }) => messageId));
    }
    return found;
  };
  const facts = (jobs: readonly Job[]): object[] =>
    jobs.map(({ seq: _seq, epoch: _epoch, ...rest }) => rest);

  it('keeps ids, order, attempts, history, delays and deaths', async () => {
    const before = await filled();
    const to = await fileStore();
    const report = await moveTo(to);
    expect(report).toMatchObject({ jobs: JOBS, left: [], losses: [] });
    expect(report.digests.to).toBe(report.digests.from);
    const after = await listed(to, 'accepted');
    for (const queue of ['q', 'fifo']) {
      const known = idsOf(before.jobs, queue);
      expect(idsOf(after, queue).filter((id) => known.includes(id))).toEqual(known);
    }
    const held = new Map(after.map((job) => [job.id, job]));
    for (const job of before.jobs) {
      expect(facts([held.get(job.id) as Job])).toEqual(facts([job]));
      expect(held.get(job.id)?.epoch).toBeGreaterThan(job.epoch);
    }
    expect(facts(await listed(to, 'died'))).toEqual(facts(before.died));
    for (const id of LATER) {
      expect((held.get(id)?.dueAt ?? 0) - clock.now()).toBeGreaterThan(HOUR_MS / 2);
    }
    expect(after).toHaveLength(JOBS);
    expect([...(await leftIn('q')), ...(await leftIn('fifo'))]).toEqual([]);
    // the engine of the source can start again, and finds nothing
    const engine = await engineOn();
    const stats = await engine.stats();
    expect(stats.get('q')).toMatchObject({ waiting: 0, delayed: 0, dead: 0 });
    await engine.close();
    expect((await moveTo(to)).jobs).toBe(0);
  });

  it('touches no message in a dry run, and says that it only counted', async () => {
    await filled();
    const from = await source();
    const to = new StoreTarget(await fileStore(), POLICIES);
    const plan = await move(from, to, true);
    // the engine left a note of its own in the FIFO queue
    expect(plan).toMatchObject({ jobs: JOBS + 1, untold: 1, isEstimate: true });
    expect(plan.queues).toMatchObject([
      { queue: 'q', waiting: JOBS / 2 - 4, dead: 3 },
      { queue: 'fifo', waiting: JOBS / 2 + 1, dead: 0 },
    ]);
    const flag = { queue: `${prefix}.leaving`, passive: true };
    await expect(broker.admin((channel) => channel.queueDeclare(flag))).rejects.toThrow();
    const reading = await readAll(broker, clock, new Names(prefix).of(standard).main);
    const handed = reading.messages.filter(({ redelivered }) => redelivered);
    await reading.close();
    expect(handed).toEqual([]);
  });

  /** A target that ends the run after so many jobs, before or behind what it was to do. */
  const dying = (to: JobTarget, jobs: number): JobTarget => {
    let left = jobs;
    return new Proxy(to, {
      get: (target, name): unknown => {
        if (name === 'put') {
          return async (batch: readonly Job[]) => {
            const part = batch.slice(0, Math.max(0, left));
            left -= batch.length;
            const copies = await target.put(part);
            if (left < 0) throw new Error('killed');
            return copies;
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  };
  /** A run that ends when so many jobs were put, and no slice is removed whole. */
  const killedAt = async (to: JobTarget, jobs: number): Promise<void> => {
    const from = await source();
    await expect(move(from, dying(to, jobs))).rejects.toThrow();
    await from.close();
  };
  /** A run that ends when everything of one slice was put, and only some of it was removed. */
  const killedRemoving = async (to: JobTarget, removed: number): Promise<void> => {
    const from = await source();
    const remove = from.remove.bind(from);
    from.remove = async (jobs) => {
      await remove(jobs.slice(0, removed));
      throw new Error('killed');
    };
    await expect(move(from, to)).rejects.toThrow('killed');
    await from.close();
  };

  it('doubles and loses nothing when it was killed, again and again, and is run again', async () => {
    const before = await filled();
    const store = await fileStore();
    const to = new StoreTarget(store, POLICIES);
    await killedAt(to, 0);
    await killedAt(to, 70);
    await killedRemoving(to, 0);
    await killedRemoving(to, 7);
    await killedAt(to, 130);
    await killedRemoving(to, 50);
    const report = await moveTo(store);
    expect(report.digests.to).toBe(report.digests.from);
    const after = await listed(store, 'accepted');
    expect(after.map(({ id }) => id).sort()).toEqual([...ALL].sort());
    for (const queue of ['q', 'fifo']) {
      const known = idsOf(before.jobs, queue);
      expect(idsOf(after, queue).filter((id) => known.includes(id))).toEqual(known);
    }
    expect(facts(await listed(store, 'died'))).toEqual(facts(before.died));
    expect([...(await leftIn('q')), ...(await leftIn('fifo'))]).toEqual([]);
  });

  it('lets no engine start here until it has ended', async () => {
    await filled();
    const store = await fileStore();
    await killedRemoving(new StoreTarget(store, POLICIES), 3);
    await expect(engineOn()).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: expect.stringContaining(`${prefix}.leaving`) as unknown,
    });
    await moveTo(store);
    expect((await (await engineOn()).stats()).get('q')).toMatchObject({ waiting: 0, dead: 0 });
  });

  it('is refused while an engine uses the broker, or jobs are being moved to it', async () => {
    const engine = await engineOn();
    const to = new StoreTarget(await fileStore(), POLICIES);
    await expect(move(await source(), to, true)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Engines use the source') as unknown,
    });
    await engine.close();
    await broker.admin((channel) =>
      channel.queueDeclare({ queue: `${prefix}.migration`, durable: true }),
    );
    await expect(move(await source(), to)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('are being moved to RabbitMQ') as unknown,
    });
  });

  it('takes jobs of other programs along, and leaves what is none, and names it', async () => {
    await (await engineOn()).close();
    const { main, dead } = new Names(prefix).of(standard);
    const headers = { function_id: 'f' };
    // the client would say when it was published
    const untimed = { timestamp: undefined } as object;
    const foreign = { routingKey: main, contentEncoding: 'utf-8', headers, ...untimed };
    await broker.publish({ ...foreign, messageId: 'one' }, Buffer.from('{"n":1}'));
    await broker.publish({ routingKey: main, messageId: 'no job' }, Buffer.from('hello'));
    await broker.publish({ ...foreign, messageId: 'two' }, Buffer.from('{"n":2}'));
    const error = { code: 'boom', message: 'it failed' };
    const failure = { reason: 'exhausted', failedAt: clock.now(), error } as const;
    await publishStored(
      broker,
      dead,
      storedOf(1, clock.now(), { queue: 'elsewhere', failure, deathOrder: 1, version: 1 }),
    );
    const store = await fileStore();
    // put, and not removed: the next run says another time of acceptance
    await killedRemoving(new StoreTarget(store, POLICIES), 1);
    const report = await moveTo(store);
    expect(report).toMatchObject({
      jobs: 1,
      left: [
        { place: dead, messages: 1, why: expect.stringContaining('does not name') as unknown },
        { place: main, messages: 1, why: 'not a job' },
      ],
    });
    expect(report.digests.to).toBe(report.digests.from);
    const payloads = (await listed(store, 'accepted')).map(({ payload }) => payload);
    expect(payloads).toEqual(['{"n":1}', '{"n":2}']);
    expect(await leftIn('q')).toEqual(['no job', uuidOf(1)]);
  });

  it('goes to another broker in order', async () => {
    const before = await filled();
    const from = prefix;
    const place = { url: new Secret(url), queueMode: 'quorum', namePrefix: newPrefix() } as const;
    const to = closing(await openBrokerTarget({ clock, log, ...place }, POLICIES));
    await killedRemoving(to, 20);
    await to.close();
    const again = closing(await openBrokerTarget({ clock, log, ...place }, POLICIES));
    const report = await move(await source(), again);
    await again.close();
    expect(report.digests.to).toBe(report.digests.from);
    expect([...(await leftIn('q')), ...(await leftIn('fifo'))]).toEqual([]);
    prefix = place.namePrefix;
    const engine = await engineOn();
    await eventually(async () => (await listed(engine, 'accepted')).length === JOBS - 1);
    const after = await listed(engine, 'accepted');
    expect(idsOf(after, 'fifo')).toEqual(idsOf(before.jobs, 'fifo'));
    expect(idsOf(after, 'q').sort()).toEqual(idsOf(before.jobs, 'q').sort());
    expect(facts(await listed(engine, 'died'))).toEqual(facts(before.died));
    await engine.close();
    prefix = from;
  });

  it('keeps a queue paused', async () => {
    const engine = await engineOn();
    await engine.pause('fifo', true);
    await engine.close();
    const store = await fileStore();
    const jobs = { from: await source(), to: new StoreTarget(store, POLICIES) };
    const values = { from: new MemoryStateStore(), to: new MemoryStateStore() };
    await migratePauses({ jobs, engine: values, clock });
    const stats = await store.stats();
    expect(['q', 'fifo'].map((queue) => stats.get(queue)?.paused)).toEqual([false, true]);
  });
});
