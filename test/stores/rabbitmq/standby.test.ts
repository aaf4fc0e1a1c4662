import type { Envelope } from 'rabbitmq-client';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Store } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { RabbitStore } from '../../../src/stores/rabbitmq/rabbitmq-store.ts';
import type { LineNames } from '../../../src/stores/rabbitmq/topology.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const fifo = policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 10 });
const JOBS = 6;
/** Long enough for an engine that stands by to have tried to lead. */
const LONG_MS = 2_500;
const STANDING_BY_MS = 500;

function leaseSome(store: Store): Promise<readonly Lease[]> {
  return store.lease({ queue: 'fifo', limit: 100, offer: offerOf(null) });
}

async function complete(store: Store, { job, epoch }: Lease): Promise<boolean> {
  const verdict = { kind: 'complete' } as const;
  const settlement = { id: job.id, epoch, verdict, record: null, at: clock.now() };
  return (await store.settle([settlement]))[0] === true;
}

describe('a FIFO queue that is deleted while an engine stands by', { skip: url === '' }, () => {
  let broker: Broker;
  let names: LineNames;
  let leader: Store;
  let standby: Store;
  let ids: readonly string[];

  beforeEach(async () => {
    const log = silentLogger;
    const secret = new Secret(url);
    broker = new Broker({ url: secret, location: url, clock, log, onUp: () => undefined });
    await broker.open();
    const namePrefix = newPrefix();
    names = new Names(namePrefix).of(fifo);
    leader = await openRabbitStore(url, namePrefix, [fifo], clock);
    const parts = { clock, log, random: systemRandom, url: secret, namePrefix };
    standby = new RabbitStore({ ...parts, queueMode: 'quorum' });
    await standby.open([fifo]);
    // the broker counts none but the active consumer
    await pause(STANDING_BY_MS);
    ids = Array.from({ length: JOBS }, (_, at) => uuidOf(at + 1));
    for (const id of ids)
      await leader.append([newJob(id, clock.now(), { queue: 'fifo', group: 'a' })]);
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await leader.close();
    await standby.close();
    await broker.close();
  });

  async function remove(queue: string): Promise<void> {
    await broker.admin((channel) => channel.queueDelete({ queue }));
  }

  /** Runs all jobs wherever they are; answers them in the order in which they ended. */
  async function runAll(count: number): Promise<string[]> {
    const ran: string[] = [];
    await eventually(async () => {
      for (const store of [leader, standby]) {
        for (const lease of await leaseSome(store)) {
          if (await complete(store, lease)) ran.push(lease.job.id);
        }
      }
      return ran.length >= count;
    }, 12_000).catch(() => undefined);
    return ran;
  }

  /** What the leader publishes anew is confirmed late, for a while. */
  function confirmCopiesLate(): void {
    const late = pause(LONG_MS);
    const publish = Reflect.get(Broker.prototype, 'publish');
    vi.spyOn(Broker.prototype, 'publish').mockImplementation(async function (
      this: Broker,
      envelope: Envelope,
      body: Buffer,
    ) {
      await publish.call(this, envelope, body);
      const isCopy = envelope.routingKey === names.retry && envelope.type === undefined;
      if (isCopy) await late;
    });
  }

  it('goes on, in order', async () => {
    await remove(names.main);
    expect(await runAll(JOBS)).toEqual(ids);
  });

  it('goes on, in order, when it takes long to make it anew', async () => {
    confirmCopiesLate();
    await remove(names.main);
    expect(await runAll(JOBS)).toEqual(ids);
  });

  it('does not end an attempt of the engine that leads', async () => {
    const running = await eventually(async () => (await leaseSome(leader))[0]);
    await remove(names.main);
    await pause(LONG_MS);
    expect(await complete(leader, running)).toBe(true);
    expect(await runAll(JOBS - 1)).toEqual(ids.slice(1));
  });

  it.each(['main', 'retry'] as const)('goes on when it is deleted twice (%s)', async (second) => {
    confirmCopiesLate();
    await remove(names.main);
    await pause(200);
    await remove(names[second]);
    expect(await runAll(JOBS)).toEqual(ids);
  });
});
