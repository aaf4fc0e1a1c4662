import type { Envelope } from 'rabbitmq-client';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import type { FunctionOffer, Store } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { newJob, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const policy = policyOf('q', { concurrency: 5 });
/** More than an engine takes of the queue at once. */
const JOBS = 40;

describe('jobs of a standard queue that no worker of an engine runs', { skip: url === '' }, () => {
  let store: Store;
  /** Copies published to give room to other jobs. */
  let copies = 0;

  beforeEach(async () => {
    const prefix = newPrefix();
    const { retry } = new Names(prefix).of(policy);
    const publish = Reflect.get(Broker.prototype, 'publish');
    vi.spyOn(Broker.prototype, 'publish').mockImplementation(function (
      this: Broker,
      envelope: Envelope,
      body: Buffer,
    ) {
      if (envelope.routingKey === retry) copies++;
      return publish.call(this, envelope, body);
    });
    copies = 0;
    store = await openRabbitStore(url, prefix, [policy], clock);
    for (let at = 1; at <= JOBS; at++) await store.append([newJob(uuidOf(at), clock.now())]);
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await store.close();
  });

  async function leaseOnce(offer: FunctionOffer): Promise<Lease | undefined> {
    return (await store.lease({ queue: 'q', limit: 1, offer }))[0];
  }

  it('stay where they are while there is no worker at all', async () => {
    for (let times = 0; times < 20; times++) {
      expect(await leaseOnce({ has: () => false, isEmpty: true })).toBeUndefined();
      await pause(20);
    }
    expect(copies).toBe(0);
  });

  it('give room to one behind them that a worker runs', async () => {
    await store.append([newJob(uuidOf(JOBS + 1), clock.now(), { functionId: 'g' })]);
    const offer = { has: (id: string) => id === 'g', isEmpty: false };
    const { job } = await eventually(() => leaseOnce(offer));
    expect(job.id).toBe(uuidOf(JOBS + 1));
    expect(copies).toBeGreaterThan(0);
  });
});
