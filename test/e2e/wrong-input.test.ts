import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Frame, RawClient } from '../support/raw-client.ts';

interface TopicRow {
  readonly topic: string;
  readonly dropped: number;
  readonly subscriptions: readonly unknown[];
}
interface Failure {
  readonly type: string;
  readonly id: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** What people get wrong: each has an answer that says so, and the engine goes on as if it had not been. */
describe('wrong input, to a durable engine', () => {
  let engine: EngineProcess;
  let client: RawClient;
  let lastTrigger = 0;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({ mail: { max_retries: 2, backoff_ms: 10 } }),
      durable: true,
    });
    client = await RawClient.connect(engine.url);
    client.offer('echo', ({ data }) => ({ result: data }));
    client.offer('broken', () => ({ error: { code: 'invocation_failed', message: 'boom' } }));
  });
  afterAll(async () => {
    client.terminate();
    await engine.close();
  });

  const bind = (trigger_type: string, function_id: string, config: unknown): string => {
    const id = `trigger-${(lastTrigger += 1)}`;
    client.send({ type: 'registertrigger', id, trigger_type, function_id, config });
    return id;
  };
  const failureOf = (id: string): Promise<Failure | undefined> =>
    eventually(() =>
      (client.frames as unknown as Failure[]).find(
        (frame) => frame.type === 'triggerregistrationresult' && frame.id === id,
      ),
    );
  const bound = async (): Promise<Frame[]> =>
    (
      await client.call<{ registered_triggers: Frame[] }>('engine::registered-triggers::list', {
        include_internal: true,
      })
    ).registered_triggers;
  const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
    fetch(`${String(engine.ready.httpUrl)}${path}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
  /** Calls, jobs and requests work. */
  const expectUnharmed = async (): Promise<void> => {
    expect(await client.call('echo', { n: 1 })).toEqual({ n: 1 });
    const id = await client.accepted('mail', 'echo', '{"n":2}');
    expect(await client.call('iii::job::wait', { id })).toMatchObject({ state: 'completed' });
  };

  it.each([
    ['no JSON at all', 'amount=7'],
    ['half of it', '{"amount":'],
    ['nothing but a comma', ','],
    ['NaN', '{"amount":NaN}'],
    ['more levels than anybody means', '['.repeat(5_000)],
  ])('an HTTP body that is %s is answered 400, and no function is called', async (_what, body) => {
    const path = `/orders-${(lastTrigger += 1)}`;
    bind('http', 'echo', { api_path: path, http_method: 'POST' });
    await client.settled();
    const calls = client.deliveries('echo').length;
    const response = await post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'INVALID_JSON', message: expect.any(String) },
    });
    expect(client.deliveries('echo')).toHaveLength(calls);
    expect((await post(path, '{"amount":7}')).status).toBe(200);
    await expectUnharmed();
  });

  it.each([
    [{ expression: 'every now and then' }, 'every now and then'],
    [{ expression: '99 * * * *' }, 'minute'],
    [{ expression: '* * *' }, 'fields'],
    [{ expression: '0 0 30 2 *' }, 'no time'],
    [{ expression: '* * * * *', timezone: 'Mars/Base' }, 'Mars/Base'],
    [{}, 'expression'],
  ])('a cron trigger of %j is refused, and says what is wrong', async (config, words) => {
    const before = await bound();
    const { error } = (await failureOf(bind('cron', 'echo', config)))!;
    expect(error?.code).toBe('trigger_registration_failed');
    expect(error?.message).toContain(words);
    expect(await bound()).toEqual(before);
    await eventually(() => engine.stderr.includes(words));
    await expectUnharmed();
  });

  it('a trigger on an unknown type waits for its provider, says so, and can be taken back', async () => {
    const id = bind('carrier-pigeon', 'echo', { loft: 1 });
    await eventually(() => engine.stderr.includes('carrier-pigeon'));
    const provider = await RawClient.connect(engine.url);
    provider.send({
      type: 'registertriggertype',
      id: 'carrier-pigeon',
      description: 'a test type',
    });
    const given = await eventually(() =>
      provider.frames.find(({ type }) => type === 'registertrigger'),
    );
    expect(given).toMatchObject({ id, function_id: 'echo', config: { loft: 1 } });
    client.send({ type: 'unregistertrigger', id });
    await eventually(() => provider.frames.some(({ type }) => type === 'unregistertrigger'));
    provider.terminate();
    await expectUnharmed();
  });

  it.each([
    [{ type: 'set', path: '__proto__', value: { admin: true } }, 'set.path.proto_polluted'],
    [{ type: 'merge', path: ['__proto__'], value: { admin: true } }, 'merge.path.proto_polluted'],
    [{ type: 'merge', path: 'constructor', value: { a: 1 } }, 'merge.path.proto_polluted'],
    ['{"type":"merge","value":{"__proto__":{"admin":true}}}', 'merge.value.proto_polluted'],
  ])('a state update with %j is refused, and the value stays', async (op, code) => {
    const at = { scope: 'accounts', key: 'ada' };
    await client.call('state::set', { ...at, value: { balance: 1 } });
    const text = typeof op === 'string' ? op : JSON.stringify(op);
    const data = `{"scope":"accounts","key":"ada","ops":[${text}]}`;
    const { result } = await client.invoke('state::update', data);
    expect(result).toMatchObject({ new_value: { balance: 1 }, errors: [{ op_index: 0, code }] });
    expect(await client.call('state::get', at)).toEqual({ balance: 1 });
    const other = { ...at, key: 'bob' };
    await client.call('state::set', { ...other, value: {} });
    expect(await client.call('state::get', other)).toEqual({});
    await expectUnharmed();
  });

  it('a message to a topic without subscribers is counted and dropped', async () => {
    for (const how of ['enqueue', 'queue.enqueue', 'iii::durable::publish']) {
      const { result, error } = await client.invoke(how, '{"topic":"nobody","data":{"n":1}}');
      expect([result ?? null, error]).toEqual([null, undefined]);
    }
    const { topics } = await client.call<{ topics: TopicRow[] }>('iii::topic::list');
    expect(topics.find(({ topic }) => topic === 'nobody')).toMatchObject({
      dropped: 3,
      subscriptions: [],
    });
    client.offer('late', () => ({}));
    bind('queue', 'late', { topic: 'nobody' });
    await client.settled();
    await client.call('enqueue', { topic: 'nobody', data: { n: 2 } });
    expect((await client.delivery(1, 'late'))['data']).toEqual({ n: 2 });
    const nameless = await client.invoke('enqueue', '{"topic":"","data":1}');
    expect(nameless.error?.code).toBe('topic_not_set');
    await expectUnharmed();
  });

  it('a condition that throws is a failed attempt of a message, and its function is not called', async () => {
    client.offer('guarded', () => ({}));
    const topic = 'guarded';
    const queue_config = { maxRetries: 2, backoffDelayMs: 10 };
    bind('queue', 'guarded', { topic, queue_config, condition_function_id: 'broken' });
    await client.settled();
    await client.call('enqueue', { topic, data: { n: 1 } });
    await eventually(async () => (await client.call<unknown>('queue.dlq_count', { topic })) === 1);
    expect(client.deliveries('guarded')).toHaveLength(0);
    const [dead] = await client.call<Frame[]>('engine::queue::dlq_messages', { topic });
    expect(dead).toMatchObject({
      payload: { n: 1 },
      error: expect.stringContaining('boom'),
      retries: 2,
    });
    await expectUnharmed();
  });

  it('a condition that throws is answered 500 over HTTP, and skips changes of the state', async () => {
    bind('http', 'echo', {
      api_path: '/guarded',
      http_method: 'POST',
      condition_function_id: 'broken',
    });
    client.offer('on-change', () => ({}));
    bind('state', 'on-change', { scope: 'watched', condition_function_id: 'broken' });
    await client.settled();
    const response = await post('/guarded', '{}');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { message: 'boom' } });
    const asked = client.deliveries('broken').length;
    await client.call('state::set', { scope: 'watched', key: 'k', value: 1 });
    await client.delivery(asked + 1, 'broken');
    await expectUnharmed();
    expect(client.deliveries('on-change')).toHaveLength(0);
  });

  it('of a handler that answers twice the first answer counts: to a call, a job and a request', async () => {
    client.offer('doubly');
    bind('http', 'doubly', { api_path: '/doubly', http_method: 'POST' });
    await client.settled();
    const answerTwice = async (nth: number, first: unknown): Promise<void> => {
      const call = await client.delivery(nth, 'doubly');
      client.answer(call, { result: first });
      client.answer(call, { error: { code: 'late', message: 'late' } });
      client.answer(call, { result: { body: 'late' } });
    };
    const reply = client.invoke('doubly', '{}');
    await answerTwice(1, 'first');
    expect((await reply).result).toBe('first');

    const id = await client.accepted('mail', 'doubly');
    await answerTwice(2, null);
    expect(await client.call('iii::job::wait', { id })).toMatchObject({
      state: 'completed',
      attempts: 1,
    });

    const response = post('/doubly', '{}');
    await answerTwice(3, { status_code: 201, body: 'first' });
    expect([(await response).status, await (await response).json()]).toEqual([201, 'first']);
    await expectUnharmed();
  });

  it('after all of that the engine has the same process and no dead job of its own', async () => {
    const { queues } = await client.call<{ queues: { name: string; dead: number }[] }>(
      'iii::queue::list',
    );
    expect(queues.find(({ name }) => name === 'mail')?.dead).toBe(0);
    expect((await engine.stop()).code).toBe(0);
  });
});
