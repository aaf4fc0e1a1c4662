import { describe, expect, it, vi } from 'vitest';
import { IiiError } from '../../src/base/errors.ts';
import { MemoryStore } from '../../src/stores/memory/memory-store.ts';
import { policy, startEngine } from '../support/engine-fixture.ts';

const CALL = '11111111-1111-4111-8111-111111111111';

describe('a connection', () => {
  it('is greeted with its worker id and a reattach token', async () => {
    const { worker } = await startEngine();
    expect(worker().sent[0]).toMatchObject({
      type: 'workerregistered',
      worker_id: expect.any(String) as string,
      reattach_token: expect.any(String) as string,
    });
  });

  it('counts as a worker only once it registered something', async () => {
    const { worker, admin } = await startEngine();
    const ghost = worker();
    ghost.say({ type: 'ping' });
    const real = worker();
    real.offer('f');
    const { workers } = (await admin('iii::worker::list')) as {
      workers: { functions: string[] }[];
    };
    expect(workers).toHaveLength(1);
    expect(workers[0]?.functions).toEqual(['f']);
  });

  it.each([
    ['', 'serialization_error'],
    ['"action":{"type":"enqueue","queue":"default"},', 'enqueue_error'],
  ])('answers a call with NaN, %s which cannot be read, with %s', async (action, code) => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.offer('price');
    const caller = worker();
    caller.say(
      `{"invocation_id":"${CALL}","function_id":"price","data":{"n":NaN},${action}"type":"invokefunction"}`,
    );
    await advance();
    expect(runner.deliveries()).toEqual([]);
    expect(caller.results()).toMatchObject([
      {
        invocation_id: CALL,
        function_id: 'price',
        error: { code, message: expect.stringContaining('NaN or Infinity') as string },
      },
    ]);
  });

  it.each([
    ['an unknown action', { function_id: 'price', action: { type: 'later' } }, 'invocation_error'],
    ['an action that is a text', { function_id: 'price', action: 'enqueue' }, 'invocation_error'],
    ['no function', { data: {} }, 'invocation_error'],
    ['no function to enqueue', { action: { type: 'enqueue' } }, 'enqueue_error'],
  ])('answers a call with %s at once', async (_what, members, code) => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.offer('price');
    const caller = worker();
    caller.say({ type: 'invokefunction', invocation_id: CALL, ...members });
    await advance();
    expect(runner.deliveries()).toEqual([]);
    const message = expect.stringMatching(/action|function_id/) as string;
    expect(caller.results()).toMatchObject([{ invocation_id: CALL, error: { code, message } }]);
  });

  it('carries a call to the worker and its answer back, under an id of its own', async () => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.onDelivery = () => ({ result: { price: 12 } });
    runner.offer('price');
    const caller = worker();
    const call = { type: 'invokefunction', invocation_id: CALL, function_id: 'price', data: 7 };
    caller.say({ ...call, traceparent: 'tp', baggage: 'b', metadata: { m: 1 } });
    await advance();
    const delivery = runner.deliveries()[0];
    expect(delivery).toMatchObject({
      data: 7,
      traceparent: 'tp',
      baggage: 'b',
      metadata: { m: 1 },
    });
    expect(delivery?.['invocation_id']).not.toBe(CALL);
    expect(delivery).not.toHaveProperty('action');
    expect(caller.results()).toEqual([
      {
        type: 'invocationresult',
        invocation_id: CALL,
        function_id: 'price',
        result: { price: 12 },
      },
    ]);
  });

  it('delivers a call without data as null', async () => {
    const { worker } = await startEngine();
    const runner = worker();
    runner.offer('f');
    worker().say({ type: 'invokefunction', invocation_id: CALL, function_id: 'f' });
    expect(runner.deliveries()[0]).toMatchObject({ data: null });
  });

  it('answers a call of an unknown function, and never a void one', async () => {
    const { worker, advance } = await startEngine();
    const caller = worker();
    caller.say({ type: 'invokefunction', invocation_id: CALL, function_id: 'nope', data: {} });
    caller.say({
      type: 'invokefunction',
      invocation_id: CALL,
      function_id: 'nope',
      data: {},
      action: { type: 'void' },
    });
    await advance();
    expect(caller.results()).toHaveLength(1);
    expect(caller.results()[0]).toMatchObject({
      error: { code: 'function_not_found', message: 'Function nope not found' },
    });
  });

  it('tells a caller that its worker went away', async () => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.offer('f');
    const caller = worker();
    caller.say({ type: 'invokefunction', invocation_id: CALL, function_id: 'f', data: {} });
    runner.disconnect();
    await advance();
    expect(caller.results()[0]).toMatchObject({ error: { code: 'invocation_stopped' } });
  });

  it('cannot answer a call that was delivered to another', async () => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.offer('f');
    const caller = worker();
    caller.say({ type: 'invokefunction', invocation_id: CALL, function_id: 'f', data: {} });
    const thief = worker();
    thief.answer(runner.deliveries()[0] ?? {}, { result: 'stolen' });
    await advance();
    expect(caller.results()).toHaveLength(0);
  });

  it('cannot replace a function of the engine', async () => {
    const { worker, engine } = await startEngine();
    worker().offer('iii::queue::list');
    expect(engine.functions.get('iii::queue::list')).toMatchObject({ local: true });
  });

  it('takes over from its previous self only with the right token', async () => {
    const { worker, engine } = await startEngine();
    const before = worker();
    before.offer('f');
    const { worker_id, reattach_token } = before.sent[0] ?? {};
    const thief = worker();
    thief.say({ type: 'reattach', previous_worker_id: worker_id, reattach_token: 'guess' });
    expect(before.closedWith).toBeUndefined();
    const after = worker();
    after.say({ type: 'reattach', previous_worker_id: worker_id, reattach_token });
    expect(before.closedWith).toBe(1000);
    expect(engine.functions.isOffered('f')).toBe(false);
  });

  it('says of a trigger that nobody provides its type, until somebody does', async () => {
    const { worker, admin, logged } = await startEngine();
    worker().bind('corn', 'tick', { expression: '* * * * *' });
    expect(logged.at(-1)).toMatchObject({
      message: expect.stringContaining('no worker provides its type'),
      fields: { type: 'corn', function: 'tick' },
    });
    const listing = (): Promise<unknown> => admin('engine::registered-triggers::list');
    expect(await listing()).toMatchObject({
      registered_triggers: [{ config_summary: expect.stringContaining('type corn') }],
    });
    worker().say({ type: 'registertriggertype', id: 'corn', description: 'Harvests' });
    expect(await listing()).toMatchObject({
      registered_triggers: [{ config_summary: '{"expression":"* * * * *"}' }],
    });
  });

  it('hands a trigger to the worker that provides its type, whenever that comes', async () => {
    const { worker } = await startEngine();
    const user = worker();
    const trigger = {
      type: 'registertrigger',
      id: 't1',
      trigger_type: 'mailbox',
      function_id: 'f',
    };
    user.say({ ...trigger, config: { box: 1 } });
    const result = { type: 'triggerregistrationresult', trigger_type: 'mailbox', function_id: 'f' };
    const provider = worker();
    provider.say({ type: 'registertriggertype', id: 'mailbox', description: 'New mail' });
    expect(provider.sent[1]).toMatchObject({ ...trigger, config: { box: 1 } });
    const error = { code: 'trigger_registration_failed', message: 'no such box' };
    provider.say({ ...result, id: 't1', error });
    expect(user.sent[1]).toMatchObject({ ...result, id: 't1', error });
    user.disconnect();
    expect(provider.sent[2]).toMatchObject({ type: 'unregistertrigger', id: 't1' });
  });
});

describe('enqueueing over a connection', () => {
  const enqueue = (data: unknown, action: object) => ({
    type: 'invokefunction',
    invocation_id: CALL,
    function_id: 'f',
    data,
    action: { type: 'enqueue', ...action },
  });
  const queues = [
    policy('default'),
    policy('payment', { type: 'fifo', groupField: 'transaction_id' }),
  ];

  it('answers with the receipt', async () => {
    const { worker, advance, admin } = await startEngine(queues);
    const caller = worker();
    caller.say(enqueue({}, { queue: 'default' }));
    await advance();
    const { messageReceiptId } = caller.results()[0]?.['result'] as { messageReceiptId: string };
    expect(await admin('iii::job::get', { id: messageReceiptId })).toMatchObject({
      state: 'waiting',
      queue: 'default',
    });
  });

  it('lets a job live for a hundred years at most, whatever its queue says', async () => {
    const { worker, advance, admin } = await startEngine([
      policy('default', { ttlMs: Number.MAX_SAFE_INTEGER }),
    ]);
    const caller = worker();
    caller.say(enqueue({}, { queue: 'default' }));
    await advance();
    const { messageReceiptId } = caller.results()[0]?.['result'] as { messageReceiptId: string };
    const { expiresAt } = (await admin('iii::job::get', { id: messageReceiptId })) as {
      expiresAt: string;
    };
    const years = (Date.parse(expiresAt) - Date.parse('1970-01-01')) / (365.25 * 86_400_000);
    expect(years).toBeGreaterThan(99);
  });

  it.each([
    ['an unknown queue', {}, { queue: 'nope' }, /Queue 'nope' not found.*'payment'/],
    ['a missing group field', {}, { queue: 'payment' }, /requires field 'transaction_id'/],
    ['a payload that is no object', 5, { queue: 'payment' }, /requires field 'transaction_id'/],
    ['a null group field', { transaction_id: null }, { queue: 'payment' }, /must not be null/],
    [
      'a priority on a FIFO queue',
      { transaction_id: 1 },
      { queue: 'payment', priority: 1 },
      /FIFO/,
    ],
    ['a negative delay', {}, { delay_ms: -1 }, /delay_ms must be a whole number/],
    ['a delay that is text', {}, { delay_ms: '5' }, /delay_ms must be .*not "5"/],
    ['two times', {}, { delay_ms: 5, run_at: '2030-01-01T00:00:00Z' }, /not both/],
    ['a time nobody can read', {}, { run_at: 'soon' }, /run_at must be a time/],
    ['a day that no month has', {}, { run_at: '2030-02-30T00:00:00Z' }, /run_at must be a time/],
    ['a time without a zone', {}, { run_at: '2030-01-31T08:00:00' }, /run_at must be a time/],
    ['a number as text', {}, { run_at: '5' }, /run_at must be a time/],
    ['an empty dedup key', {}, { dedup_key: '' }, /dedup_key must be/],
    ['a payload over the limit', { x: 'y'.repeat(1_000_000) }, {}, /payload has \d+ bytes/],
  ])('refuses %s', async (_what, data, action, message) => {
    const { worker, advance, admin } = await startEngine(queues);
    const caller = worker();
    caller.say(enqueue(data, action));
    await advance();
    const { error } = caller.results()[0] as unknown as {
      error: { code: string; message: string };
    };
    expect(error.code).toBe('enqueue_error');
    expect(error.message).toMatch(message);
    const { total } = (await admin('iii::job::list')) as { total: number };
    expect(total).toBe(0);
  });

  it.each([
    [{ retryable: true }, /^the job could not be stored: the disk is gone$/, undefined],
    [
      { retryable: true, uncertain: true },
      /^it is not known whether the job was stored: the disk is gone$/,
      { uncertain: true },
    ],
  ])('says of a store that failed with %j what is known', async (details, message, told) => {
    const { worker, advance } = await startEngine(queues);
    const failure = new IiiError('STORE_FAILED', 'the disk is gone', { details });
    vi.spyOn(MemoryStore.prototype, 'append').mockRejectedValueOnce(failure);
    const caller = worker();
    caller.say(enqueue({}, { queue: 'default' }));
    await advance();
    const { error } = caller.results()[0] as unknown as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'enqueue_error', retryable: true });
    expect(error['message']).toMatch(message);
    expect(error['details']).toEqual(told);
  });

  it.each(['', ' '])('refuses a job for the function %j', async (function_id) => {
    const { worker, advance, admin, engine } = await startEngine(queues);
    const caller = worker();
    caller.say({ ...enqueue({}, { queue: 'default' }), function_id });
    await advance();
    const message = /queue 'default': function_id must not be empty/;
    expect(caller.results()[0]).toMatchObject({
      error: { code: 'enqueue_error', message: expect.stringMatching(message) as unknown },
    });
    const job = { function_id, data: {}, queue: 'default' };
    await expect(admin('iii::queue::enqueue_batch', { jobs: [job] })).rejects.toThrow(message);
    await expect(admin('engine::queue::enqueue', job)).rejects.toThrow(message);
    expect((await engine.store.stats()).get('default')?.waiting).toBe(0);
  });

  it('keeps integers beyond 2^53, key order and a key __proto__ as they were written', async () => {
    const { worker, advance, engine } = await startEngine(queues);
    const text = '{"n":9007199254740993,"f":1.0,"__proto__":{"a":1},"b":1,"a":2}';
    const caller = worker();
    caller.say(
      `{"type":"invokefunction","invocation_id":"${CALL}","function_id":"f","data":${text},"action":{"type":"enqueue"}}`,
    );
    await advance();
    const { messageReceiptId } = caller.results()[0]?.['result'] as { messageReceiptId: string };
    expect((await engine.store.get(messageReceiptId))?.payload).toBe(text);
  });

  it('accepts a batch whole or not at all', async () => {
    const { admin, engine } = await startEngine(queues);
    const jobs = [
      { function_id: 'f', data: { transaction_id: 1 } },
      { function_id: 'f', data: {} },
    ];
    await expect(admin('iii::queue::enqueue_batch', { queue: 'payment', jobs })).rejects.toThrow(
      /requires field/,
    );
    expect((await engine.store.stats()).get('payment')?.waiting).toBe(0);
    const good = { queue: 'payment', jobs: jobs.slice(0, 1) };
    expect(await admin('iii::queue::enqueue_batch', good)).toEqual({
      messageReceiptIds: [expect.any(String)],
    });
  });
});

describe('a token with a role', () => {
  const call = (function_id: string, data: object = {}) => ({
    type: 'invokefunction',
    invocation_id: CALL,
    function_id,
    data,
  });
  it.each([
    ['read', 'iii::queue::list', true],
    ['read', 'iii::queue::pause', false],
    ['operate', 'iii::queue::pause', true],
    ['worker', 'iii::queue::pause', false],
    ['worker', 'engine::functions::list', true],
    ['read', 'f', false],
    ['worker', 'f', true],
  ] as const)('%s calling %s: %s', async (role, functionId, allowed) => {
    const { worker, advance } = await startEngine();
    const runner = worker();
    runner.onDelivery = () => ({ result: 1 });
    runner.offer('f');
    const caller = worker({ role, tokenName: 'ci' });
    caller.say(call(functionId, { queue: 'default' }));
    await advance();
    const error = caller.results()[0]?.['error'] as { code: string } | undefined;
    expect(error?.code).toBe(allowed ? undefined : 'FORBIDDEN');
  });

  it('read cannot register functions or enqueue', async () => {
    const { worker, engine, advance } = await startEngine();
    const reader = worker({ role: 'read', tokenName: 'ci' });
    reader.offer('f');
    reader.say({ ...call('f'), action: { type: 'enqueue', queue: 'default' } });
    await advance();
    expect(engine.functions.isOffered('f')).toBe(false);
    expect(reader.results()[0]).toMatchObject({ error: { code: 'FORBIDDEN' } });
  });
});
