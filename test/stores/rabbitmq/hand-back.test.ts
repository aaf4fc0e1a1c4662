import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Store } from '../../../src/queue/store.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { newJob, offerOf, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const JOBS = 1_500;
const WAITING = { states: ['waiting'], order: 'accepted' } as const;
const POLICIES = [
  policyOf('q', { concurrency: JOBS }),
  policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 4 }),
];

/** How many waiting jobs an engine holds. */
async function waitingOf(engine: Store): Promise<number> {
  const filter = { queues: null, functionId: null, cursor: null, limit: 10_000, ...WAITING };
  return (await engine.list(filter)).jobs.length;
}

describe('an engine that hands its jobs back to a broker', { skip: url === '' }, () => {
  let broker: Broker;

  beforeEach(async () => {
    const log = silentLogger;
    broker = new Broker({ url: new Secret(url), location: url, clock, log, onUp: () => undefined });
    await broker.open();
  });

  afterEach(() => broker.close());

  it.each(POLICIES)('leaves each of many jobs there exactly once ($type)', async (policy) => {
    const prefix = newPrefix();
    const engine = await openRabbitStore(url, prefix, [policy], clock);
    const ids = Array.from({ length: JOBS }, (_, at) => uuidOf(at + 1));
    const group = policy.type === 'fifo' ? 'a' : null;
    await engine.append(ids.map((id) => newJob(id, clock.now(), { queue: policy.name, group })));
    await eventually(async () => (await waitingOf(engine)) === JOBS);
    await engine.close();
    const { main, retry } = new Names(prefix).of(policy);
    const found: string[] = [];
    for (const queue of [main, retry]) {
      const reading = await readAll(broker, clock, queue);
      found.push(
        ...reading.messages.flatMap(({ messageId }) =>
          messageId !== undefined && ids.includes(messageId) ? messageId : [],
        ),
      );
      await reading.close();
    }
    expect(found.length).toBe(JOBS);
    expect(policy.type === 'fifo' ? found : found.sort()).toEqual(ids);
  });

  it(
    'lets the next engine go on with more jobs than a broker hands out by itself',
    { timeout: 90_000 },
    async () => {
      const [fifo] = POLICIES.filter(({ type }) => type === 'fifo');
      if (fifo === undefined) throw new Error('no FIFO queue');
      const prefix = newPrefix();
      const first = await openRabbitStore(url, prefix, [fifo], clock);
      const jobs = Array.from({ length: 2_100 }, (_, at) =>
        newJob(uuidOf(at + 1), clock.now(), { queue: fifo.name, group: 'a' }),
      );
      await first.append(jobs);
      await eventually(async () => (await waitingOf(first)) === jobs.length);
      await first.close();
      // it is open when its queue is ready, which it is when it has read all of these
      const next = await openRabbitStore(url, prefix, [fifo], clock);
      const leased = await eventually(async () => {
        const leases = await next.lease({ queue: fifo.name, limit: 1, offer: offerOf(null) });
        return leases.length > 0 && leases;
      });
      expect(leased.map(({ job }) => job.id)).toEqual([uuidOf(1)]);
      await next.close();
    },
  );
});
