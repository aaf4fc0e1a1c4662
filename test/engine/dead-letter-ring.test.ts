import { describe, expect, it } from 'vitest';
import { startEngine, type EngineFixture, type FakeWorker } from '../support/engine-fixture.ts';

/** Subscribes `on-<topic>`, which fails, to each topic; dead messages go to the topic beside it. */
function failOn(worker: FakeWorker, ring: readonly (readonly [string, string])[]): void {
  worker.onDelivery = ({ function_id }) =>
    function_id === 'healthy' ? {} : { error: { code: 'x', message: 'no' } };
  for (const [topic, dead_letter_topic] of ring) {
    worker.offer(`on-${topic}`);
    const queue_config = { max_retries: 1, dead_letter_topic };
    worker.bind('queue', `on-${topic}`, { topic, queue_config });
  }
}

async function publish({ admin, advance }: EngineFixture, topic: string): Promise<void> {
  await admin('iii::durable::publish', { topic, data: { n: 1 } });
  for (let turn = 0; turn < 50; turn++) await advance(1_000);
}

const deadOf = async ({ admin }: EngineFixture, topics: readonly string[]): Promise<unknown[]> =>
  Promise.all(topics.map((topic) => admin('queue.dlq_count', { topic })));

describe('topics that are the dead-letter topic of each other', () => {
  it.each([[['a', 'b']], [['a', 'b', 'c']], [['a', 'b', 'c', 'd', 'e']]])(
    'get a dead message once each, and each keeps it: %j',
    async (topics) => {
      const fixture = await startEngine();
      const worker = fixture.worker();
      failOn(
        worker,
        topics.map((topic, at) => [topic, topics[(at + 1) % topics.length] ?? ''] as const),
      );
      await publish(fixture, 'a');
      for (const topic of topics) expect(worker.seen(`on-${topic}`)).toEqual([{ n: 1 }]);
      expect(await deadOf(fixture, topics)).toEqual(topics.map(() => 1));
    },
  );

  it('do not give it a second time to a function that had no trouble with it', async () => {
    const fixture = await startEngine();
    const worker = fixture.worker();
    failOn(worker, [
      ['a', 'b'],
      ['b', 'a'],
    ]);
    worker.offer('healthy');
    worker.bind('queue', 'healthy', { topic: 'a' });
    await publish(fixture, 'a');
    expect(worker.seen('healthy')).toEqual([{ n: 1 }]);
  });

  it('say in the log why it goes no further', async () => {
    const fixture = await startEngine();
    failOn(fixture.worker(), [
      ['a', 'b'],
      ['b', 'a'],
    ]);
    await publish(fixture, 'a');
    expect(fixture.logged).toContainEqual({
      message: 'a dead message is kept and not published again: it died on that topic before',
      fields: expect.objectContaining({
        topic: 'b',
        deadLetterTopic: 'a',
        way: ['a', 'b'],
      }) as unknown,
    });
  });

  it('keep it also when it is redriven and dies again', async () => {
    const fixture = await startEngine();
    const worker = fixture.worker();
    failOn(worker, [
      ['a', 'b'],
      ['b', 'a'],
    ]);
    await publish(fixture, 'a');
    await fixture.admin('queue.redrive_dlq', { topic: 'b' });
    for (let turn = 0; turn < 50; turn++) await fixture.advance(1_000);
    expect(worker.seen('on-a')).toHaveLength(1);
    expect(worker.seen('on-b')).toHaveLength(2);
    expect(await deadOf(fixture, ['a', 'b'])).toEqual([1, 1]);
  });

  it('take a message that a function publishes anew for a new one', async () => {
    const fixture = await startEngine();
    const worker = fixture.worker();
    failOn(worker, [
      ['a', 'b'],
      ['b', 'a'],
    ]);
    await publish(fixture, 'a');
    await publish(fixture, 'a');
    expect(await deadOf(fixture, ['a', 'b'])).toEqual([2, 2]);
  });
});

describe('a message of a dead-letter topic', () => {
  it('tells its function on which topics it died', async () => {
    const fixture = await startEngine();
    const worker = fixture.worker();
    failOn(worker, [
      ['a', 'b'],
      ['b', 'c'],
    ]);
    worker.offer('healthy');
    worker.bind('queue', 'healthy', { topic: 'c' });
    await publish(fixture, 'a');
    const delivery = worker.deliveries().find(({ function_id }) => function_id === 'healthy');
    expect(delivery?.['metadata']).toMatchObject({
      'iii.dead_letter': { topics: ['a', 'b'] },
      'iii.job': { queue: 'c::healthy' },
    });
  });
});
