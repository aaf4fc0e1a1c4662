import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { Broker } from '../../src/stores/rabbitmq/broker.ts';
import { readAll } from '../../src/stores/rabbitmq/read-all.ts';
import { Names } from '../../src/stores/rabbitmq/topology.ts';
import { cliJson, runCli, type CliOptions } from '../support/cli-process.ts';
import { BINARY, cleanEnvironment, temporaryFolder } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { findRabbitMq, RabbitMqServer } from '../support/rabbitmq-server.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

const JOBS = 10_000;
const clock = new SystemClock();
const bin = findRabbitMq();
const POLICY = policyOf('q');
const MIGRATE = ['store', 'migrate', '--from', 'files.yaml', '--to', 'broker.yaml'];

describe('iii store migrate to a broker', { skip: bin === undefined }, () => {
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
      broker: { name: 'rabbitmq', config: { amqp_url: server.url } },
    };
    for (const [name, adapter] of Object.entries(adapters)) {
      const config = { adapter, queue_configs: { q: {} } };
      // a document of YAML as well
      const text = JSON.stringify({ workers: [{ name: 'iii-queue', config }] });
      writeFileSync(join(folder.path, `${name}.yaml`), text);
    }
  });

  afterEach(() => {
    folder.remove();
  });

  const withFiles = async <Result>(act: (store: FileStore) => Promise<Result>): Promise<Result> => {
    const path = join(folder.path, 'data');
    const store = new FileStore({ clock, log: silentLogger, path });
    await store.open([POLICY]);
    try {
      return await act(store);
    } finally {
      await store.close();
    }
  };
  const withBroker = async <Result>(act: (broker: Broker) => Promise<Result>): Promise<Result> => {
    const [log, onUp] = [silentLogger, (): void => undefined];
    const url = new Secret(server.url);
    const broker = new Broker({ url, location: server.url, clock, log, onUp });
    await broker.open();
    try {
      return await act(broker);
    } finally {
      await broker.close();
    }
  };
  const { main } = new Names('iii').of(POLICY);
  const countAtBroker = (): Promise<number> =>
    withBroker((broker) =>
      broker.admin(async (channel) => {
        const found = await channel.queueDeclare({ queue: main, passive: true });
        return found.messageCount;
      }),
    ).catch(() => 0);
  /** Ids of the jobs of the queue, in the order in which the broker has them; takes them out. */
  const takeAll = (): Promise<readonly (string | undefined)[]> =>
    withBroker(async (broker) => {
      const reading = await readAll(broker, clock, main);
      for (const message of reading.messages) reading.acknowledge(message);
      await reading.close();
      return reading.messages.map(({ messageId }) => messageId);
    });

  it('moves nothing that loses something on the way, except with --allow-loss', async () => {
    await withFiles((store) =>
      store.append([
        newJob(uuidOf(1), clock.now(), { priority: 5 }),
        newJob(uuidOf(2), clock.now(), { dedupKey: 'k' }),
        newJob(uuidOf(3), clock.now()),
      ]),
    );
    const refused = await runCli(MIGRATE, here);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(
      'The target cannot keep the priority of 1 jobs and the dedup_key of 1 jobs. Nothing was moved.',
    );
    expect(refused.stderr).toContain(uuidOf(1));
    expect(refused.stderr).toContain('--allow-loss');
    expect(await countAtBroker()).toBe(0);
    expect((await withFiles((store) => store.stats())).get('q')?.waiting).toBe(3);
    const rehearsed = await runCli([...MIGRATE, '--dry-run'], here);
    expect(rehearsed.code).toBe(0);
    expect(rehearsed.stderr).toContain('without --allow-loss nothing will be moved');
    const moved = await cliJson<object>([...MIGRATE, '--allow-loss'], here);
    expect(moved).toMatchObject({ jobs: 3, losses: [{ jobs: 1 }, { jobs: 1 }] });
    expect((await withFiles((store) => store.stats())).get('q')?.waiting ?? 0).toBe(0);
    expect([...(await takeAll())].sort()).toEqual([1, 2, 3].map(uuidOf));
  });

  it('leaves each of many jobs at the broker once when it was killed and is run again', async () => {
    const ids = Array.from({ length: JOBS }, (_, at) => uuidOf(at + 1));
    await withFiles(async (store) => {
      for (let at = 0; at < JOBS; at += 500) {
        await store.append(ids.slice(at, at + 500).map((id) => newJob(id, clock.now())));
      }
    });
    for (const least of [500, 3_000]) {
      const child = spawn(process.execPath, [BINARY, ...MIGRATE], {
        cwd: folder.path,
        env: cleanEnvironment({ HOME: folder.path }),
        stdio: 'ignore',
      });
      const ended = new Promise<NodeJS.Signals | null>((resolve) => {
        child.once('exit', (_code, signal) => {
          resolve(signal);
        });
      });
      await eventually(async () => (await countAtBroker()) >= least, 60_000);
      child.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
    }
    const before = await countAtBroker();
    expect(before).toBeGreaterThanOrEqual(3_000);
    expect(before).toBeLessThan(JOBS);
    const report = await cliJson<{
      readonly digests: { readonly from: string; readonly to: string };
    }>(MIGRATE, here);
    expect(report.digests.to).toBe(report.digests.from);
    expect(await takeAll()).toEqual(ids);
    expect((await withFiles((store) => store.stats())).get('q')?.waiting ?? 0).toBe(0);
  });
});
