import { describe, expect, it } from 'vitest';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { sharedStates } from '../support/shared-state.ts';
import { startEngine, type EngineFixture, type FakeWorker } from '../support/engine-fixture.ts';

let triggers = 0;

function subscribe(worker: FakeWorker, functionId: string, config: object, type = 'queue'): string {
  const id = `trigger-${triggers++}`;
  worker.say({ type: 'registertrigger', id, trigger_type: type, function_id: functionId, config });
  return id;
}

async function publish({ admin, advance }: EngineFixture, topic: string, data: unknown) {
  await admin('iii::durable::publish', { topic, data });
  await advance();
}

const seen = (worker: FakeWorker, functionId: string) =>
  worker
    .deliveries()
    .filter(({ function_id }) => function_id === functionId)
    .map(({ data }) => data);

describe('a topic', () => {
  it('gives every subscribed function its own copy, and one function only one', async () => {
    const fixture = await startEngine();
    const [one, two] = [fixture.worker(), fixture.worker()];
    for (const w of [one, two]) {
      w.onDelivery = () => ({});
      w.offer('a');
      subscribe(w, 'a', { topic: 't' });
    }
    one.offer('b');
    subscribe(one, 'b', { topic: 't' }, 'durable:subscriber');
    for (let n = 0; n < 4; n++) await publish(fixture, 't', { n });
    expect(seen(one, 'b')).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
    expect([...seen(one, 'a'), ...seen(two, 'a')]).toHaveLength(4);
  });

  it.each([
    'user.created',
    'app.user.created',
    'notifications.email.send',
    'a:b::c',
    'two words',
    'é/*#',
  ])('may be named %j, and then it is no other', async (topic) => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = () => ({});
    for (const [id, of] of [
      ['mine', topic],
      ['other', topic.slice(0, -1)],
    ] as const) {
      w.offer(id);
      subscribe(w, id, { topic: of });
    }
    await publish(fixture, topic, 1);
    expect([seen(w, 'mine'), seen(w, 'other')]).toEqual([[1], []]);
    expect(await fixture.admin('queue.dlq_count', { topic })).toBe(0);
  });

  it('keeps messages for a subscription whose worker is away', async () => {
    const fixture = await startEngine();
    const first = fixture.worker();
    first.offer('f');
    subscribe(first, 'f', { topic: 't' });
    first.disconnect();
    await publish(fixture, 't', 1);
    const second = fixture.worker();
    second.onDelivery = () => ({});
    second.offer('f');
    await fixture.advance();
    expect(seen(second, 'f')).toEqual([1]);
  });

  it('counts and drops a message nobody is subscribed to', async () => {
    const fixture = await startEngine();
    await publish(fixture, 'nobody', 1);
    expect(await fixture.admin('iii::topic::list')).toEqual({
      topics: [{ topic: 'nobody', dropped: 1, subscriptions: [] }],
    });
  });

  it('goes on counting what it drops and skips after a restart', async () => {
    const state = new MemoryStateStore();
    const first = await startEngine(undefined, { state });
    const w = first.worker();
    w.onDelivery = () => ({ result: false });
    w.offer('f');
    w.offer('never');
    subscribe(w, 'f', { topic: 't', condition_function_id: 'never' });
    await publish(first, 'nobody', 1);
    await publish(first, 't', 1);
    await first.engine.stop();
    const second = await startEngine(undefined, { state });
    await publish(second, 'nobody', 2);
    expect(await second.admin('iii::topic::list')).toMatchObject({
      topics: [
        { topic: 'nobody', dropped: 2 },
        { topic: 't', subscriptions: [{ skipped: 1 }] },
      ],
    });
  });

  it('follows the subscriptions of other engines without writing anything', async () => {
    const [state, other] = sharedStates(2);
    if (state === undefined || other === undefined) throw new Error('there are two');
    const written: string[] = [];
    const update: typeof state.update = (scope, key, change) => {
      written.push(scope);
      return state.update(scope, key, change);
    };
    const fixture = await startEngine(undefined, { state: { ...state, update } });
    const there = await startEngine(undefined, { state: other });
    written.length = 0;
    const w = there.worker();
    w.offer('f');
    subscribe(w, 'f', { topic: 't' });
    await there.advance();
    await fixture.advance();
    expect(await fixture.admin('iii::topic::list')).toMatchObject({ topics: [{ topic: 't' }] });
    expect(written).toEqual([]);
  });

  it('refuses an empty name', async () => {
    const { admin } = await startEngine();
    await expect(admin('enqueue', { topic: '', data: 1 })).rejects.toMatchObject({
      details: { code: 'topic_not_set' },
    });
  });

  it('ends a subscription when its last trigger is unregistered, not before', async () => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = () => ({});
    w.offer('f');
    const one = subscribe(w, 'f', { topic: 't' });
    const two = subscribe(w, 'f', { topic: 't' });
    w.say({ type: 'unregistertrigger', id: one });
    await publish(fixture, 't', 1);
    w.say({ type: 'unregistertrigger', id: two });
    await publish(fixture, 't', 2);
    expect(seen(w, 'f')).toEqual([1]);
  });

  it.each([
    ['queue_config in camelCase', { queue_config: { maxRetries: 2, backoffDelayMs: 50 } }],
    ['queue_config in snake_case', { queue_config: { max_retries: 2, backoff_ms: 50 } }],
    [
      'metadata.infrastructure.queue',
      { metadata: { infrastructure: { queue: { max_retries: 2, retry_delay_ms: 50 } } } },
    ],
  ])('takes attempts in total and backoff from %s', async (_where, settings) => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = () => ({ error: { code: 'x', message: 'no' } });
    w.offer('f');
    subscribe(w, 'f', { topic: 't', ...settings });
    await publish(fixture, 't', 1);
    await fixture.advance(49);
    expect(seen(w, 'f')).toHaveLength(1);
    await fixture.advance(10_000);
    expect(seen(w, 'f')).toHaveLength(2);
    expect(await fixture.admin('queue.dlq_count', { topic: 't' })).toBe(1);
    expect(await fixture.admin('queue.redrive_dlq', { topic: 't' })).toBe(1);
    await fixture.advance();
    expect(seen(w, 'f')).toHaveLength(3);
  });

  it('keeps a dead message and publishes its data to the dead-letter topic', async () => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = ({ function_id }) =>
      function_id === 'f' ? { error: { code: 'x', message: 'no' } } : {};
    w.offer('f', 'failed');
    const queue = { max_retries: 1, dead_letter_topic: 't.failed' };
    subscribe(w, 'f', { topic: 't', metadata: { infrastructure: { queue } } });
    subscribe(w, 'failed', { topic: 't.failed' });
    await publish(fixture, 't', { id: 7 });
    expect(seen(w, 'failed')).toEqual([{ id: 7 }]);
    expect(await fixture.admin('queue.dlq_count', { topic: 't' })).toBe(1);
  });

  it('skips what its condition answers false to, and only that', async () => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = ({ function_id, data }) =>
      function_id === 'only-important' ? { result: data === 'spam' ? false : null } : {};
    w.offer('f', 'only-important');
    subscribe(w, 'f', { topic: 't', condition_function_id: 'only-important' });
    for (const data of ['spam', 'important', 'spam']) await publish(fixture, 't', data);
    expect(seen(w, 'f')).toEqual(['important']);
    expect(await fixture.admin('iii::topic::list')).toMatchObject({
      topics: [{ subscriptions: [{ skipped: 2, dead: 0, waiting: 0 }] }],
    });
  });

  it('counts an error of the condition as a failed attempt, and waits without one', async () => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.onDelivery = () => ({ error: { code: 'x', message: 'no' } });
    w.offer('f');
    subscribe(w, 'f', {
      topic: 't',
      condition_function_id: 'broken',
      queue_config: { maxRetries: 1 },
    });
    await publish(fixture, 't', 1);
    await fixture.advance(60_000);
    expect(w.deliveries()).toHaveLength(0);
    w.offer('broken');
    await fixture.advance();
    expect(await fixture.admin('queue.dlq_count', { topic: 't' })).toBe(1);
    expect(await fixture.admin('iii::dlq::list', { queue: 't' })).toMatchObject({
      jobs: [{ error: { code: 'x', message: 'the condition broken failed: no' } }],
    });
    expect(seen(w, 'f')).toHaveLength(0);
  });

  it('tells the worker when a trigger has no topic', async () => {
    const { worker } = await startEngine();
    const w = worker();
    w.offer('f');
    const id = subscribe(w, 'f', {});
    expect(w.sent.at(-1)).toMatchObject({
      type: 'triggerregistrationresult',
      id,
      error: { code: 'trigger_registration_failed' },
    });
  });

  it.each([
    [{ queue_config: { type: 'FIFO' } }, "type must be 'standard' or 'fifo', not \"FIFO\""],
    [{ queue_config: { type: 7 } }, 'type must be'],
    [{ queue_config: 'fifo' }, 'queue_config must be an object'],
    [{ queue_config: [{ type: 'fifo' }] }, 'queue_config must be an object'],
    [{ metadata: { infrastructure: { queue: 'fifo' } } }, 'infrastructure.queue must be an object'],
    [{ queue_config: { ttl_ms: 1e99 } }, 'ttl_ms must be a whole number from 1 to'],
    [{ queue_config: { maxRetries: 1e300 } }, 'maxRetries must be a whole number from 0 to'],
    [
      { metadata: { infrastructure: { queue: { retry_delay_ms: 'soon' } } } },
      'retry_delay_ms must be a whole number from 0 to 3155760000000, not "soon"',
    ],
    [{ queue_config: { dead_letter_topic: 't' } }, 'dead_letter_topic must be another topic'],
    [{ queue_config: { dead_letter_topic: '' } }, 'dead_letter_topic must'],
    [{ queue_config: { message_group_field: 7 } }, 'message_group_field must be a string'],
    [{ queue_config: { type: 'fifo', messageGroupField: ['a'] } }, 'messageGroupField must be'],
    [{ queue_config: { concurrency: '5' } }, 'concurrency must be a whole number from 1'],
    [{ queue_config: { concurrency: 0 } }, 'concurrency must be a whole number from 1'],
    [{ queue_config: { maxRetries: 1.5 } }, 'maxRetries must be a whole number from 0'],
    [{ queue_config: { backoffDelayMs: -1 } }, 'backoffDelayMs must be a whole number from 0'],
    [{ queue_config: { deadLetterTopic: 7 } }, 'deadLetterTopic must be a string'],
    [{ queue_config: { timeoutMs: true } }, 'timeoutMs must be a whole number from 1'],
    [{ condition_function_id: ['only-important'] }, 'condition_function_id must be a string'],
  ])('refuses a subscription with %j, and says why', async (config, words) => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.offer('f');
    const id = subscribe(w, 'f', { topic: 't', ...config });
    expect(w.sent.at(-1)).toMatchObject({
      type: 'triggerregistrationresult',
      id,
      error: {
        code: 'trigger_registration_failed',
        message: expect.stringContaining(words) as string,
      },
    });
    expect(await fixture.admin('iii::topic::list')).toEqual({ topics: [] });
  });

  it.each([
    [
      { queue_config: { maxRetrys: 1, backoff_ms: 5, visibilityTimeout: 9 } },
      [
        "queue_config.maxRetrys means nothing here; did you mean 'maxRetries'?",
        'queue_config.visibilityTimeout means nothing here',
      ],
    ],
    [{ maxRetries: 1 }, ['maxRetries means nothing here; it belongs into queue_config']],
    [
      { queueConfig: { maxRetries: 1 } },
      ["queueConfig means nothing here; did you mean 'queue_config'?"],
    ],
    [
      { metadata: { infrastructure: { queue: { retries: 1 } } } },
      ['metadata.infrastructure.queue.retries means nothing here'],
    ],
  ])('warns the worker and in the log of what means nothing in %j', async (config, warnings) => {
    const fixture = await startEngine();
    const w = fixture.worker();
    w.offer('f');
    const id = subscribe(w, 'f', { topic: 't', ...config });
    expect(w.sent.at(-1)).toEqual({
      type: 'triggerregistrationresult',
      id,
      trigger_type: 'queue',
      function_id: 'f',
      warnings,
    });
    expect(fixture.logged.filter(({ message }) => /subscription/.test(message))).toEqual(
      warnings.map((warning) => ({
        message: 'a setting of a subscription means nothing here',
        fields: { function: 'f', topic: 't', warning },
      })),
    );
    expect(await fixture.admin('iii::topic::list')).toMatchObject({ topics: [{ topic: 't' }] });
  });

  it('says nothing of a subscription in which everything means something', async () => {
    const { worker, logged } = await startEngine();
    const w = worker();
    w.offer('f');
    const settings = { maxRetries: 2, backoffDelayMs: 5, dead_letter_topic: 'd', ttl_ms: 9 };
    const metadata = { owner: 'shop', infrastructure: { queue: { retry_delay_ms: 5 } } };
    const config = { topic: 't', condition_function_id: 'f', queue_config: settings, metadata };
    const before = w.sent.length;
    subscribe(w, 'f', config);
    subscribe(w, 'f', { ...config, topic: '' });
    expect(w.sent.slice(before)).toMatchObject([{ error: {} }]);
    expect(logged.filter(({ message }) => /means nothing/.test(message))).toEqual([]);
  });

  it.each(['standard', 'concurrent', 'fifo', null, undefined])(
    'takes a subscription of type %j',
    async (type) => {
      const fixture = await startEngine();
      const w = fixture.worker();
      w.offer('f');
      subscribe(w, 'f', { topic: 't', queue_config: { type }, condition_function_id: null });
      expect(await fixture.admin('iii::topic::list')).toMatchObject({
        topics: [{ topic: 't', subscriptions: [{ functionId: 'f' }] }],
      });
    },
  );
});
