import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { QueuePolicy } from '../../../src/queue/types.ts';
import type { RabbitStore } from '../../../src/stores/rabbitmq/rabbitmq-store.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { findRabbitMq, RabbitMqServer } from '../../support/rabbitmq-server.ts';
import { Relay } from '../../support/relay.ts';
import { newJob, offerOf, policyOf } from '../../support/store-fixture.ts';

/** Longest time in which a store works again after its broker is back. */
const HEALED_MS = 5_000;
const clock = new SystemClock();
const fifo = policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 10 });
const policies: readonly QueuePolicy[] = [policyOf('q'), fifo];
const bin = findRabbitMq();

async function add(store: Store, count: number, queue = 'q'): Promise<string[]> {
  const jobs = Array.from({ length: count }, () =>
    newJob(crypto.randomUUID(), clock.now(), { queue, group: queue === 'fifo' ? '1' : null }),
  );
  return (await store.append(jobs)).map(({ id }) => id);
}

function lease(store: Store, limit = 100, queue = 'q') {
  return store.lease({ queue, limit, offer: offerOf(null) });
}

/** Runs everything there is, orphans first; answers the ids in the order in which they ran. */
async function runAll(store: Store, expected: number, queue = 'q'): Promise<string[]> {
  const ran: string[] = [];
  await eventually(async () => {
    const at = clock.now();
    for (const { lease: orphan } of await store.reclaim(100)) {
      const verdict = { kind: 'return', countsInterruption: true } as const;
      const { id } = orphan.job;
      await store.settle([{ id, epoch: orphan.epoch, verdict, record: null, at }]);
    }
    for (const { job, epoch } of await lease(store, 100, queue)) {
      const verdict = { kind: 'complete' } as const;
      const [applied] = await store.settle([{ id: job.id, epoch, verdict, record: null, at }]);
      if (applied === true) ran.push(job.id);
    }
    return ran.length >= expected;
  }, 20_000);
  return ran;
}

/** Runs jobs until these have run: what was refused may have arrived too, and run before them. */
async function runThese(store: Store, ids: readonly string[]): Promise<void> {
  const ran: string[] = [];
  await eventually(async () => {
    ran.push(...(await runAll(store, 1)));
    return ids.every((id) => ran.includes(id));
  });
}

describe('the rabbitmq store when something breaks', { skip: bin === undefined }, () => {
  let server: RabbitMqServer;
  let store: RabbitStore;
  let prefix: string;

  beforeAll(async () => {
    server = await RabbitMqServer.start(bin ?? '');
  });

  afterAll(async () => {
    await server.stop();
  });

  beforeEach(async () => {
    prefix = newPrefix();
    store = await openRabbitStore(server.url, prefix, policies, clock);
  });

  afterEach(async () => {
    await store.close();
  });

  it(
    'gives no receipt while the broker is down, works within 5 s after its return, and loses nothing',
    { timeout: 120_000 },
    async () => {
      const before = await add(store, 20);
      const ordered: string[] = [];
      for (let count = 0; count < 10; count++) ordered.push(...(await add(store, 1, 'fifo')));
      const running = await eventually(async () => {
        const leases = await lease(store, 3);
        return leases.length > 0 && leases;
      });
      await server.kill();
      await expect(eventually(() => add(store, 1), 1)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { retryable: true },
      });
      await server.up();
      const backAt = performance.now();
      const [late] = await eventually(() => add(store, 1), HEALED_MS);
      expect(performance.now() - backAt).toBeLessThan(HEALED_MS);
      // attempts that went on meanwhile are recorded: nothing is repeated
      const ends = running.map(({ job, epoch }) => ({
        id: job.id,
        epoch,
        verdict: { kind: 'complete' } as const,
        record: null,
        at: clock.now(),
      }));
      expect(await store.settle(ends)).toEqual(running.map(() => true));
      const done = running.map(({ job }) => job.id);
      const ran = await runAll(store, before.length + 1 - done.length);
      expect([...ran, ...done].sort()).toEqual([...before, late].sort());
      expect(await runAll(store, ordered.length, 'fifo')).toEqual(ordered);
    },
  );

  it('logs in as the user every broker begins with when the address names none', async () => {
    const bare = await openRabbitStore(
      `amqp://localhost:${server.port}`,
      newPrefix(),
      policies,
      clock,
    );
    expect(await add(bare, 1)).toHaveLength(1);
    await bare.close();
  });

  it(
    'says that the user or the password is wrong when it does not start for that',
    { timeout: 30_000 },
    async () => {
      const url = `amqp://guest:wrong@localhost:${server.port}`;
      await expect(openRabbitStore(url, newPrefix(), policies, clock)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: `RabbitMQ at amqp://localhost:${server.port} cannot be reached: it refuses the user or the password`,
      });
    },
  );

  it('a connection that is reset in the middle of confirms loses nothing', async () => {
    const relay = await Relay.to(server.port);
    const url = relay.url.replace('ws://', 'amqp://guest:guest@');
    const cut = await openRabbitStore(url, newPrefix(), policies, clock);
    const accepted: string[] = [];
    let refused = 0;
    for (let round = 0; round < 6; round++) {
      const adding = Array.from({ length: 50 }, () => add(cut, 1));
      if (round % 2 === 1) relay.cut();
      for (const result of await Promise.allSettled(adding)) {
        if (result.status === 'fulfilled') accepted.push(...result.value);
        else refused++;
      }
      await eventually(() => add(cut, 1).then((ids) => accepted.push(...ids)), HEALED_MS);
    }
    expect(refused).toBeGreaterThan(0);
    await runThese(cut, accepted);
    await cut.close();
    relay.close();
  });

  it(
    'a broker that is low on memory gives no receipt, and says why',
    { timeout: 60_000 },
    async () => {
      await server.control('set_vm_memory_high_watermark', 'absolute', '1MB');
      const refusal = await eventually(async () => {
        try {
          await add(store, 1);
          return false;
        } catch (thrown) {
          return thrown as Error;
        }
      });
      expect(refusal.message).toContain('low on');
      expect(store.refusal()?.message).toBe(refusal.message);
      await server.control('set_vm_memory_high_watermark', '0.4');
      await eventually(() => add(store, 1), HEALED_MS);
      expect(store.refusal()).toBeNull();
    },
  );

  it(
    'a queue that was deleted by hand is made anew, with what the engine held of it',
    { timeout: 60_000 },
    async () => {
      const ids = await add(store, 5);
      const ordered: string[] = [];
      for (let count = 0; count < 5; count++) ordered.push(...(await add(store, 1, 'fifo')));
      await eventually(async () => (await store.stats()).get('q')?.oldestWaitingAt !== null);
      await eventually(async () => (await store.stats()).get('fifo')?.groups === 1);
      await server.control('delete_queue', `${prefix}.__fn_queue::q.queue`);
      await server.control('delete_queue', `${prefix}.__fn_queue::fifo.queue`);
      const [later] = await eventually(() => add(store, 1), HEALED_MS);
      expect((await runAll(store, 6)).sort()).toEqual([...ids, later].sort());
      expect(await runAll(store, 5, 'fifo')).toEqual(ordered);
    },
  );

  it('settings that the broker cannot change are changed by moving what is there', async () => {
    const ids = await add(store, 5, 'fifo');
    await store.close();
    const standard = [policyOf('q'), policyOf('fifo')];
    store = await openRabbitStore(server.url, prefix, standard, clock);
    expect((await runAll(store, 5, 'fifo')).sort()).toEqual([...ids].sort());
  });

  it(
    'a frozen broker gives no receipt, and jobs go on when it thaws',
    { timeout: 60_000 },
    async () => {
      server.freeze();
      const adding = add(store, 1);
      await expect(adding).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      server.thaw();
      const [id] = await eventually(() => add(store, 1), 10_000);
      await runThese(store, [id ?? '']);
    },
  );
});
