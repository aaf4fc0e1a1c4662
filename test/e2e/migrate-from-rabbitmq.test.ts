import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { scanJobs } from '../../src/queue/scan.ts';
import type { Store } from '../../src/queue/store.ts';
import type { Job } from '../../src/queue/types.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { Broker } from '../../src/stores/rabbitmq/broker.ts';
import { encodeJob } from '../../src/stores/rabbitmq/job-message.ts';
import { Names } from '../../src/stores/rabbitmq/topology.ts';
import { RedisStore } from '../../src/stores/redis/redis-store.ts';
import { cliJson, runCli, type CliOptions } from '../support/cli-process.ts';
import { BINARY, cleanEnvironment, temporaryFolder } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { openRabbitStore } from '../support/rabbitmq-maker.ts';
import { findRabbitMq, RabbitMqServer } from '../support/rabbitmq-server.ts';
import { useRedisServer } from '../support/redis-suite.ts';
import { failed, newJob, offerOf, policyOf, uuidOf } from '../support/store-fixture.ts';

const clock = new SystemClock();
const log = silentLogger;
const bin = findRabbitMq();
const POLICIES = [policyOf('q'), policyOf('fifo', { type: 'fifo', groupField: 'g' })];
/** Jobs that wait in a standard queue, that wait in groups, that wait for a later time, and dead ones. */
const [WAITING, GROUPED, DELAYED, DEAD] = [6_000, 2_000, 200, 300];
const TOTAL = WAITING + GROUPED + DELAYED;
const DELAY_MS = 7_200_000;
const numbers = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, at) => first + at);

describe('iii store migrate away from a broker', { skip: bin === undefined }, () => {
  const redis = useRedisServer();
  let server: RabbitMqServer;
  let folder: { readonly path: string; remove(): void };
  let here: CliOptions;

  beforeAll(async () => {
    server = await RabbitMqServer.start(bin ?? '');
  });

  afterAll(() => server.stop());

  beforeEach(() => {
    folder = temporaryFolder();
    here = { cwd: folder.path, deadlineMs: 100_000 };
    const files = { store_method: 'file_based', file_path: join(folder.path, 'data') };
    const adapters = {
      files: { name: 'builtin', config: files },
      redis: { name: 'redis', config: { redis_url: `redis://127.0.0.1:${redis().port}` } },
      broker: { name: 'rabbitmq', config: { amqp_url: server.url } },
    };
    for (const [name, adapter] of Object.entries(adapters)) {
      const queues = { q: {}, fifo: { type: 'fifo', message_group_field: 'g' } };
      const config = { adapter, queue_configs: queues };
      // a document of YAML as well
      const text = JSON.stringify({ workers: [{ name: 'iii-queue', config }] });
      writeFileSync(join(folder.path, `${name}.yaml`), text);
    }
  });

  afterEach(() => {
    folder.remove();
  });

  const withBroker = async <Result>(act: (broker: Broker) => Promise<Result>): Promise<Result> => {
    const onUp = (): void => undefined;
    const url = new Secret(server.url);
    const broker = new Broker({ url, location: server.url, clock, log, onUp });
    await broker.open();
    try {
      return await act(broker);
    } finally {
      await broker.close();
    }
  };
  const { main } = new Names('iii').of(policyOf('q'));

  /** Dead ones of the first jobs, then waiting ones, groups and delays, as an engine leaves them. */
  const fill = async (): Promise<void> => {
    const engine = await openRabbitStore(server.url, 'iii', POLICIES, clock);
    const now = clock.now();
    await engine.append(numbers(1, DEAD).map((number) => newJob(uuidOf(number), now)));
    const died = new Set<string>();
    await eventually(async () => {
      const request = { queue: 'q', limit: 50, offer: offerOf(null) };
      for (const { job, epoch } of await engine.lease(request)) {
        const { error } = failed('boom') as Extract<ReturnType<typeof failed>, { kind: 'failed' }>;
        const verdict = { kind: 'dead', reason: 'exhausted', error, countsAttempt: true } as const;
        await engine.settle([{ id: job.id, epoch, verdict, record: null, at: clock.now() }]);
        died.add(job.id);
      }
      return died.size === DEAD;
    }, 60_000);
    const append = async (
      first: number,
      count: number,
      settings: (n: number) => object,
    ): Promise<void> => {
      for (const number of numbers(first, count / 100)) {
        const part = numbers(first + (number - first) * 100, 100);
        await engine.append(part.map((n) => newJob(uuidOf(n), clock.now(), settings(n))));
      }
    };
    await append(1_001, WAITING, (n) => ({ payload: `{"n":${n}}` }));
    await append(10_001, GROUPED, (n) => ({ queue: 'fifo', group: String(n % 4) }));
    await append(20_001, DELAYED, () => ({ dueAt: clock.now() + DELAY_MS }));
    await engine.close();
  };
  const countAtBroker = (broker: Broker): Promise<number> =>
    broker.admin(async (channel) => {
      const found = await channel.queueDeclare({ queue: main, passive: true });
      return found.messageCount;
    });
  const jobsOf = async (store: Store, dead: boolean): Promise<readonly Job[]> => {
    const jobs: Job[] = [];
    const order = dead ? 'died' : 'accepted';
    const states = dead ? (['dead'] as const) : (['waiting', 'delayed'] as const);
    for await (const slice of scanJobs(store, { queues: null, states, order, after: null })) {
      for (const one of slice) jobs.push(one.whole() as Job);
    }
    return jobs;
  };
  const openTarget = async (kind: 'files' | 'redis'): Promise<Store> => {
    const url = new Secret(`redis://127.0.0.1:${redis().port}`);
    const settings = { keyPrefix: 'iii', leaseMs: 10_000, allowEviction: false };
    const store =
      kind === 'files'
        ? new FileStore({ clock, log, path: join(folder.path, 'data') })
        : new RedisStore({
            clock,
            log,
            random: { uuid: () => uuidOf(1), fraction: () => 0 },
            url,
            ...settings,
          });
    await store.open(POLICIES);
    return store;
  };

  it.each(['files', 'redis'] as const)(
    'leaves each job once in %s, in order, when it was killed twice and is run again',
    async (kind) => {
      await fill();
      const command = ['store', 'migrate', '--from', 'broker.yaml', '--to', `${kind}.yaml`];
      const plan = await runCli([...command, '--dry-run'], here);
      expect(plan.code).toBe(0);
      expect(plan.stderr).toContain('only the lengths of its queues were looked at');
      await withBroker(async (broker) => {
        // those that the engine held have a past
        expect(await countAtBroker(broker)).toBeGreaterThan(WAITING - 200);
        for (const most of [4_000, 2_000]) {
          const child = spawn(process.execPath, [BINARY, ...command], {
            cwd: folder.path,
            env: cleanEnvironment({ HOME: folder.path }),
            stdio: 'ignore',
          });
          const ended = new Promise<NodeJS.Signals | null>((resolve) => {
            child.once('exit', (_code, signal) => {
              resolve(signal);
            });
          });
          await eventually(async () => (await countAtBroker(broker)) <= most, 60_000);
          child.kill('SIGKILL');
          expect(await ended).toBe('SIGKILL');
        }
        let left = 0;
        await eventually(async () => (left = await countAtBroker(broker)) > 500);
        expect(left).toBeLessThan(4_500);
      });
      const report = await cliJson<{
        readonly digests: { readonly from: string; readonly to: string };
        readonly left: readonly object[];
      }>(command, here);
      expect(report.digests.to).toBe(report.digests.from);
      expect(report.left).toEqual([]);
      const store = await openTarget(kind);
      const jobs = await jobsOf(store, false);
      expect(jobs).toHaveLength(TOTAL);
      const idsOf = (check: (job: Job) => boolean): string[] =>
        jobs.filter(check).map(({ id }) => id);
      expect(idsOf(({ queue, dueAt }) => queue === 'q' && dueAt < clock.now())).toEqual(
        numbers(1_001, WAITING).map(uuidOf),
      );
      expect(idsOf(({ queue }) => queue === 'fifo')).toEqual(numbers(10_001, GROUPED).map(uuidOf));
      const delayed = idsOf(({ dueAt }) => dueAt > clock.now() + DELAY_MS / 2);
      expect(delayed.sort()).toEqual(numbers(20_001, DELAYED).map(uuidOf));
      const dead = (await jobsOf(store, true)).map(({ id }) => id);
      expect(dead).toEqual(numbers(1, DEAD).map(uuidOf));
      await store.close();
    },
  );

  it('ends with another status when something stays, and names it', async () => {
    await (await openRabbitStore(server.url, 'iii', POLICIES, clock)).close();
    await withBroker(async (broker) => {
      const { dedupKey: _, ...rest } = newJob(uuidOf(1), clock.now());
      const past = { seq: 1, attempts: 0, interruptions: 0, epoch: 0, history: [] };
      const none = { failure: null, leasedAt: null, version: 0, deathOrder: 0 };
      const { envelope, body } = encodeJob({ ...rest, ...past, ...none });
      await broker.publish({ ...envelope, routingKey: main }, body);
      await broker.publish({ routingKey: main, messageId: 'x' }, Buffer.from('no job'));
    });
    const moved = await runCli(
      ['store', 'migrate', '--from', 'broker.yaml', '--to', 'files.yaml'],
      here,
    );
    expect(moved.stdout).toContain('stayed in the source');
    expect(moved.stdout).toContain(main);
    expect(moved.stderr).toContain('1 message stayed in the source');
    expect(moved.code).toBe(3);
    expect(await withBroker(countAtBroker)).toBe(1);
  });
});
