import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

const failing = (): Frame => ({ error: { code: 'invocation_failed', message: 'boom' } });

describe('functions of the engine over the wire', () => {
  let engine: EngineProcess;
  let client: RawClient;
  let fn: string;

  beforeEach(async () => {
    fn = `fn::${randomUUID()}`;
    client = await RawClient.connect(engine.url);
    return () => client.terminate();
  });
  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({
        mail: { max_retries: 1, concurrency: 4 },
        bulk: {},
        lane: { type: 'fifo', message_group_field: 'account', max_retries: 1, backoff_ms: 10 },
        shared_a: { max_retries: 1, dead_letter_queue: 'graveyard' },
        shared_b: { max_retries: 1, dead_letter_queue: 'graveyard' },
      }),
    });
  });
  afterAll(() => engine.close());

  /** Enqueues jobs that die, and waits until they are dead. */
  async function bury(queue: string, payloads: readonly string[]): Promise<string[]> {
    const worker = await RawClient.connect(engine.url);
    worker.offer(fn, failing);
    const ids: string[] = [];
    for (const payload of payloads) ids.push(await client.accepted(queue, fn, payload));
    for (const id of ids) {
      const { state } = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
      expect(state).toBe('dead');
    }
    worker.terminate();
    return ids;
  }
  const code = async (functionId: string, data: string): Promise<string | undefined> =>
    (await client.invoke(functionId, data)).error?.code;

  it('dead jobs have the shapes and the order of the original: latest death first', async () => {
    const before = Math.floor(Date.now() / 1_000);
    const [first, second, third] = await bury('mail', ['{"n":1}', '{"n":2}', '{"n":3}']);

    const topics = await client.call<Frame[]>('engine::queue::list_topics', null);
    expect(topics).toContainEqual({
      name: 'mail',
      broker_type: expect.stringMatching(/^(builtin|function_queue)$/),
      subscriber_count: 4,
    });
    const stats = await client.call('engine::queue::topic_stats', { topic: 'mail' });
    expect(stats).toEqual({ depth: 0, consumer_count: 4, dlq_depth: 3, config: null });
    expect(await client.call('engine::queue::topic_stats', { queue: 'mail' })).toEqual(stats);
    const dead = await client.call<Frame[]>('engine::queue::dlq_topics', {});
    expect(dead).toEqual([{ topic: 'mail', broker_type: expect.any(String), message_count: 3 }]);
    const messages = await client.call<Frame[]>('engine::queue::dlq_messages', { topic: 'mail' });
    expect(messages.map(({ id }) => id)).toEqual([third, second, first]);
    expect(messages[2]).toEqual({
      id: first,
      payload: { n: 1 },
      error: 'boom',
      failed_at: expect.any(Number),
      retries: 1,
      size_bytes: 7,
    });
    expect(messages[2]!['failed_at']).toBeGreaterThanOrEqual(before);
    const page = await client.call<Frame[]>('engine::queue::dlq_messages', {
      topic: 'mail',
      offset: 1,
      limit: 1,
    });
    expect(page.map(({ id }) => id)).toEqual([second]);

    const one = { queue: 'mail', message_id: second };
    const took = { ...one, redriven: 1 };
    expect(await client.call('iii::queue::discard_message', one)).toEqual(took);
    expect(await client.call('iii::queue::discard_message', one)).toEqual({ ...one, redriven: 0 });
    const other = { queue: 'mail', message_id: first };
    expect(await client.call('iii::queue::redrive_message', other)).toEqual({
      ...other,
      redriven: 1,
    });
    const done = await client.call('iii::queue::redrive', { topic: 'mail' });
    expect(done).toEqual({ queue: 'mail', redriven: 1 });
    expect(await client.call('iii::queue::redrive', { queue: 'mail' })).toEqual({
      queue: 'mail',
      redriven: 0,
    });
    client.offer(fn, () => ({}));
    for (const id of [first, third]) {
      const job = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
      expect(job).toMatchObject({ id, state: 'completed', attempts: 1 });
    }
    expect(await client.call('iii::job::get', { id: second })).toMatchObject({
      state: 'discarded',
    });
  });

  it.each([
    ['iii::queue::redrive', '{}', 'queue_not_set'],
    ['iii::queue::redrive', '{"queue":""}', 'queue_not_set'],
    ['iii::queue::redrive', 'null', 'queue_not_set'],
    ['iii::queue::redrive', '{"queue":"nowhere"}', 'QUEUE_NOT_FOUND'],
    ['iii::queue::redrive_message', '{"message_id":"x"}', 'queue_not_set'],
    ['iii::queue::redrive_message', '{"queue":"mail"}', 'message_id_not_set'],
    ['iii::queue::discard_message', '{"queue":"mail","message_id":""}', 'message_id_not_set'],
    ['engine::queue::topic_stats', '{}', 'topic_required'],
    ['engine::queue::topic_stats', '{"topic":"nowhere"}', 'QUEUE_NOT_FOUND'],
    ['engine::queue::dlq_messages', '{}', 'topic_required'],
    ['engine::queue::dlq_messages', '{"topic":"mail","limit":-1}', 'INVALID_ARGUMENTS'],
    ['iii::queue::get', '{"queue":"nowhere"}', 'QUEUE_NOT_FOUND'],
    ['iii::queue::get', '[]', 'INVALID_ARGUMENTS'],
    ['iii::queue::get', '{"queue":7}', 'INVALID_ARGUMENTS'],
    ['iii::queue::get', '{"__proto__":{"queue":"mail"}}', 'INVALID_ARGUMENTS'],
    ['iii::job::get', '{"id":"nope"}', 'JOB_NOT_FOUND'],
    ['iii::job::list', '{"limit":"all"}', 'INVALID_ARGUMENTS'],
    ['iii::job::list', '{"cursor":"nonsense"}', 'INVALID_ARGUMENTS'],
    ['iii::job::list', '{"states":["imaginary"]}', 'INVALID_ARGUMENTS'],
    ['iii::dlq::discard', '{"queue":"mail"}', 'INVALID_ARGUMENTS'],
    ['iii::dlq::redrive', '{"queue":"nowhere"}', 'QUEUE_NOT_FOUND'],
    ['iii::dlq::redrive', '{"queue":"mail","limit":1.5}', 'INVALID_ARGUMENTS'],
    ['engine::queue::enqueue', '{"queue":"mail"}', 'enqueue_error'],
    ['engine::queue::enqueue', '{"queue":"nowhere","function_id":"x"}', 'enqueue_error'],
    ['iii::queue::enqueue_batch', '{}', 'enqueue_error'],
    ['iii::queue::enqueue_batch', '{"jobs":{}}', 'enqueue_error'],
    ['iii::queue::enqueue_batch', '{"jobs":[]}', 'enqueue_error'],
    ['iii::queue::enqueue_batch', '{"jobs":[7]}', 'enqueue_error'],
  ])('%s with %s fails with %s', async (functionId, data, expected) => {
    expect(await code(functionId, data)).toBe(expected);
  });

  it('an unknown queue is told together with the known ones', async () => {
    const { error } = await client.invoke('iii::queue::get', '{"queue":"nowhere"}');
    for (const name of ['nowhere', 'mail', 'bulk', 'default']) {
      expect(error?.message).toContain(name);
    }
  });

  it('a batch is accepted whole, in order, with options per job', async () => {
    const result = await client.invoke(
      'iii::queue::enqueue_batch',
      `{"queue":"bulk","jobs":[
        {"function_id":"${fn}","data":{"n":9007199254740993}},
        {"function_id":"${fn}","data":null,"delay_ms":60000},
        {"function_id":"${fn}","queue":"mail","data":3}]}`,
    );
    const { messageReceiptIds: ids } = result.result as { messageReceiptIds: string[] };
    expect(new Set(ids).size).toBe(3);
    const jobs: Frame[] = [];
    for (const id of ids) jobs.push(await client.call('iii::job::get', { id }));
    expect(jobs).toMatchObject([
      { queue: 'bulk', state: 'waiting', payloadText: '{"n":9007199254740993}' },
      { queue: 'bulk', state: 'delayed', payloadText: 'null' },
      { queue: 'mail', state: 'waiting', payloadText: '3' },
    ]);
    const cancelled = await client.call('iii::job::cancel', { ids });
    expect(cancelled).toEqual({ cancelled: 3, skipped: [] });
  });

  it.each([
    ['an unknown queue', '{"function_id":"x","queue":"nowhere"}'],
    ['a missing group', '{"function_id":"x","queue":"lane","data":{}}'],
    ['a missing function', '{"data":1}'],
    ['an option of wrong type', '{"function_id":"x","delay_ms":"soon"}'],
    ['a payload that is too large', `{"function_id":"x","data":"${'x'.repeat(1_000_001)}"}`],
  ])('a batch with %s is refused whole', async (_, bad) => {
    const { queues: before } = await client.call<{ queues: Frame[] }>('iii::queue::list');
    const good = `{"function_id":"${fn}","data":1}`;
    const batch = `{"queue":"bulk","jobs":[${good},${bad},${good}]}`;
    expect(await code('iii::queue::enqueue_batch', batch)).toBe('enqueue_error');
    const { queues: after } = await client.call<{ queues: Frame[] }>('iii::queue::list');
    const totals = (queues: Frame[]): unknown =>
      queues.map(({ name, totals }) => ({ name, totals }));
    expect(totals(after)).toEqual(totals(before));
  });

  it('engine::queue::enqueue takes what an external producer sends', async () => {
    const messageReceiptId = randomUUID();
    const input = { queue: 'bulk', function_id: fn, data: { a: 1 }, messageReceiptId };
    await client.call('engine::queue::enqueue', { ...input, traceparent: null, baggage: null });
    const job = await client.call('iii::job::get', { id: messageReceiptId });
    expect(job).toMatchObject({ queue: 'bulk', functionId: fn, payload: { a: 1 } });
  });

  it('the same receipt id twice does not make two jobs of one id', async () => {
    const messageReceiptId = randomUUID();
    const input = { queue: 'bulk', function_id: fn, data: 1, messageReceiptId };
    await client.call('engine::queue::enqueue', input);
    await client.invoke('engine::queue::enqueue', JSON.stringify({ ...input, data: 2 }));
    const { jobs } = await client.call<{ jobs: Frame[] }>('iii::job::list', { functionId: fn });
    expect(jobs.filter(({ id }) => id === messageReceiptId)).toHaveLength(1);
    expect(await client.call('iii::job::get', { id: messageReceiptId })).toMatchObject({
      payload: 1,
    });
  });

  it('redriven jobs of a fifo queue run before the later jobs of their group', async () => {
    const [early] = await bury('lane', ['{"account":1,"n":1}']);
    await client.call('iii::queue::pause', { queue: 'lane' });
    const late = await client.accepted('lane', fn, '{"account":1,"n":2}');
    await client.call('iii::dlq::redrive', { queue: 'lane' });
    client.offer(fn, () => ({}));
    await client.call('iii::queue::resume', { queue: 'lane' });
    await client.call('iii::job::wait', { id: late, timeoutMs: 5_000 });
    expect(client.deliveries(fn).map(({ data }) => (data as { n: number }).n)).toEqual([1, 2]);
    expect(await client.call('iii::job::get', { id: early })).toMatchObject({ attempts: 1 });
  });

  it('redrive by ids, with a limit, and as a dry run', async () => {
    const ids = await bury('mail', ['1', '2', '3', '4']);
    const dry = await client.call('iii::dlq::redrive', { queue: 'mail', dryRun: true });
    expect(dry).toMatchObject({ queue: 'mail', redriven: 4, dryRun: true, plan: { total: 4 } });
    const byId = await client.call('iii::dlq::redrive', { queue: 'mail', ids: [ids[2], 'nope'] });
    expect(byId).toMatchObject({ redriven: 1, notFound: ['nope'] });
    const limited = await client.call('iii::dlq::redrive', { queue: 'mail', limit: 2 });
    expect(limited).toMatchObject({ redriven: 2 });
    const { jobs } = await client.call<{ jobs: Frame[] }>('iii::dlq::list', { queue: 'mail' });
    expect(jobs.map(({ id }) => id)).toEqual([ids[3]]);
    const gone = await client.call('iii::dlq::discard', { queue: 'mail', all: true });
    expect(gone).toEqual({ queue: 'mail', discarded: 1 });
  });

  it('queues may share a dead-letter queue, and its name works everywhere', async () => {
    const [a] = await bury('shared_a', ['1']);
    const [b] = await bury('shared_b', ['2']);
    const { jobs } = await client.call<{ jobs: Frame[] }>('iii::dlq::list', { queue: 'graveyard' });
    expect(jobs.map(({ id }) => id)).toEqual([a, b]);
    const done = await client.call('iii::queue::redrive', { queue: 'graveyard' });
    expect(done).toEqual({ queue: 'graveyard', redriven: 2 });
  });

  it('pages of jobs neither skip nor repeat while others are added', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.push(await client.accepted('bulk', fn, String(n)));
    const seen: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.call<{ jobs: Frame[]; nextCursor: string | null }>(
        'iii::job::list',
        { queue: 'bulk', functionId: fn, limit: 3, cursor },
      );
      seen.push(...page.jobs.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
      if (seen.length === 3) await client.accepted('bulk', `${fn}::other`);
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
  });

  it('listings carry the shapes of both generations', async () => {
    client.send({
      type: 'registerfunction',
      id: fn,
      description: 'what it does',
      request_format: { type: 'object' },
      metadata: { team: 'a' },
    });
    const register = { runtime: 'node', version: '0.22.1', name: 'lister', os: 'x', pid: 7 };
    await client.call('engine::workers::register', register);
    const { functions } = await client.call<{ functions: Frame[] }>('engine::functions::list');
    expect(functions.find(({ function_id }) => function_id === fn)).toMatchObject({
      function_id: fn,
      description: 'what it does',
      request_format: { type: 'object' },
      response_format: null,
      metadata: { team: 'a' },
      worker_name: 'lister',
    });
    expect(functions.map(({ function_id }) => function_id)).not.toContain('engine::workers::list');
    const info = await client.call('engine::functions::info', { function_id: fn });
    expect(info).toMatchObject({ function_id: fn, worker_name: 'lister', registered_triggers: [] });
    const listed = await client.call<{ workers: Frame[]; timestamp: number }>(
      'engine::workers::list',
    );
    expect(listed.timestamp).toEqual(expect.any(Number));
    expect(listed.workers.find(({ name }) => name === 'lister')).toMatchObject({
      id: expect.any(String),
      runtime: 'node',
      version: '0.22.1',
      os: 'x',
      status: 'connected',
      function_count: 1,
      functions: [fn],
      active_invocations: expect.any(Number),
      connected_at_ms: expect.any(Number),
      ip_address: expect.any(String),
    });
    const worker = await client.call('engine::workers::info', { name: 'lister' });
    expect(worker).toHaveProperty('worker');
    expect(await code('engine::functions::info', '{"function_id":"no::such"}')).toBe('NOT_FOUND');
    expect(await client.call('engine::trigger-types::list')).toHaveProperty('trigger_types');
    expect(await client.call('engine::triggers::list')).toHaveProperty('triggers');
  });

  it('callers do not count as workers, and a closed worker is gone from the list', async () => {
    const worker = await RawClient.connect(engine.url);
    await worker.call('engine::workers::register', { name: 'passing', runtime: 'node' });
    const names = async (): Promise<unknown[]> => {
      const { workers } = await client.call<{ workers: Frame[] }>('iii::worker::list');
      return workers.map(({ name }) => name);
    };
    expect(await names()).toEqual(['passing']);
    worker.terminate();
    await eventually(async () => (await names()).length === 0);
  });
});
