import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Broker } from '../../../src/stores/rabbitmq/broker.ts';
import { readAll } from '../../../src/stores/rabbitmq/read-all.ts';
import { Names } from '../../../src/stores/rabbitmq/topology.ts';
import { eventually } from '../../support/eventually.ts';
import { newPrefix, openRabbitStore } from '../../support/rabbitmq-maker.ts';
import { newJob, policyOf, uuidOf } from '../../support/store-fixture.ts';

const url = inject('rabbitmqUrl') ?? '';
const clock = new SystemClock();
const JOBS = 1_500;
const POLICIES = [
  policyOf('q', { concurrency: JOBS }),
  policyOf('fifo', { type: 'fifo', groupField: 'g', groupConcurrency: 4 }),
];

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
    const states = ['waiting'] as const;
    const filter = { queues: null, functionId: null, cursor: null, limit: JOBS, states };
    await eventually(
      async () => (await engine.list({ ...filter, order: 'accepted' })).jobs.length === JOBS,
    );
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
});
