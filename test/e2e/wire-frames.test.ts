import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

describe('frames of a hostile or confused worker', () => {
  let engine: EngineProcess;
  let client: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({ pay: { max_retries: 2, backoff_ms: 10 } }),
    });
  });
  afterAll(() => engine.close());
  beforeEach(async () => {
    client = await RawClient.connect(engine.url);
    return () => client.terminate();
  });

  it('the engine speaks first, with an id and a token', async () => {
    const hello = await eventually(() => client.frames[0]);
    expect(hello).toMatchObject({ type: 'workerregistered' });
    expect(hello['worker_id']).toMatch(UUID);
    expect(hello['reattach_token']).toMatch(UUID);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n\t'],
    ['no JSON', '{"type":'],
    ['an array', '[]'],
    ['a number', '7'],
    ['null', 'null'],
    ['no type', '{}'],
    ['a type that is no string', '{"type":7}'],
    ['an unknown type', '{"type":"unregistertriggertypes","id":"x"}'],
    ['a type of the engine', '{"type":"workerregistered","worker_id":"x"}'],
    ['a call without a function', '{"type":"invokefunction","data":{}}'],
    ['a call of a number', '{"type":"invokefunction","function_id":7,"data":{}}'],
    ['an action that is no object', '{"type":"invokefunction","function_id":"x","action":"void"}'],
    [
      'an action of unknown type',
      '{"type":"invokefunction","function_id":"x","action":{"type":"?"}}',
    ],
    ['a function without id', '{"type":"registerfunction"}'],
    ['a function with an empty id', '{"type":"registerfunction","id":""}'],
    ['a trigger without a function', '{"type":"registertrigger","id":"x","trigger_type":"http"}'],
    ['an answer without id', '{"type":"invocationresult","result":1}'],
    ['an answer to nothing', '{"type":"invocationresult","invocation_id":"x","function_id":"x"}'],
    ['an error that is a string', '{"type":"invocationresult","invocation_id":"x","error":"bad"}'],
    ['a key __proto__', '{"__proto__":{"type":"registerfunction","id":"x"}}'],
    ['type twice', '{"type":"ping","type":"nonsense"}'],
    ['reattach without a token', '{"type":"reattach","previous_worker_id":"x"}'],
    ['reattach of a stranger', '{"type":"reattach","previous_worker_id":"x","reattach_token":"y"}'],
    ['unregister of nothing', '{"type":"unregisterfunction","id":"never::there"}'],
    ['unregister of no trigger', '{"type":"unregistertrigger","id":"never"}'],
    ['a trigger type of an old SDK', '{"type":"unregistertriggertype","id":"mailbox"}'],
  ])('%s as a frame changes nothing and keeps the connection', async (_, text) => {
    client.send(text);
    client.offer('still::here', () => ({ result: 'yes' }));
    expect((await client.invoke('still::here', '{}')).result).toBe('yes');
    expect(client.closed).toBeUndefined();
  });

  it('binary frames: telemetry is swallowed, messages are read, the rest is dropped', async () => {
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    client.sendBytes(encode('OTLP{"resourceSpans":[]}'));
    client.sendBytes(encode('MTRC not json'));
    client.sendBytes(new Uint8Array([0x4c, 0x4f, 0x47, 0x53, 0xff, 0xfe]));
    client.sendBytes(new Uint8Array([0, 1, 2, 3]));
    client.sendBytes(new Uint8Array(0));
    client.sendBytes(encode('{"type":"registerfunction","id":"by::bytes"}'));
    const reply = client.invoke('by::bytes', '{}');
    client.answer(await client.delivery(1, 'by::bytes'), { result: 1 });
    expect((await reply).result).toBe(1);
  });

  it('text that is not UTF-8 closes that connection only', async () => {
    const other = await RawClient.connect(engine.url);
    const bad = await RawClient.connect(engine.url);
    // a text frame, masked with zeros, whose one byte is no UTF-8
    const raw = (bad.socket as unknown as { _socket: { write(b: Buffer): void } })._socket;
    raw.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
    expect((await bad.whenClosed()).code).toBe(1007);
    await other.settled();
    other.terminate();
  });

  it('a frame beyond the limit closes that connection with 1009', async () => {
    client.send(`{"type":"ping","x":"${'x'.repeat(16 * 1024 * 1024)}"}`);
    expect((await client.whenClosed()).code).toBe(1009);
    const next = await RawClient.connect(engine.url);
    await next.settled();
    next.terminate();
  });

  it('ping is answered by pong', async () => {
    client.send({ type: 'ping' });
    await eventually(() => client.frames.some((frame) => frame['type'] === 'pong'));
  });

  it('a trigger without config is taken, and one of an unknown type does no harm', async () => {
    const trigger = { type: 'registertrigger', id: randomUUID(), function_id: 'still::here' };
    client.send({ ...trigger, trigger_type: 'carrier-pigeon' });
    client.send({ ...trigger, id: randomUUID(), trigger_type: 'nobody-has-this', config: null });
    await client.settled();
    await pause(50);
    expect(client.frames.filter((frame) => 'error' in frame)).toEqual([]);
  });

  it('a binding parked for its type is handed over when the type appears', async () => {
    const id = randomUUID();
    const binding = { function_id: 'on::mail', trigger_type: `mailbox-${id}` };
    client.send({
      type: 'registertrigger',
      id,
      ...binding,
      config: { box: 1 },
      metadata: { m: 1 },
    });
    await client.settled();
    const provider = await RawClient.connect(engine.url);
    provider.send({ type: 'registertriggertype', id: binding.trigger_type, description: 'mail' });
    const handed = await eventually(() =>
      provider.frames.find((frame) => frame['type'] === 'registertrigger'),
    );
    expect(handed).toMatchObject({ id, ...binding, config: { box: 1 }, metadata: { m: 1 } });
    const error = { code: 'trigger_registration_failed', message: 'no such box' };
    provider.send({ type: 'triggerregistrationresult', id, ...binding, error });
    const told = await eventually(() =>
      client.frames.find((frame) => frame['type'] === 'triggerregistrationresult'),
    );
    expect(told).toMatchObject({ id, ...binding, error });
    client.terminate();
    const taken = await eventually(() =>
      provider.frames.find((frame) => frame['type'] === 'unregistertrigger'),
    );
    expect(taken).toMatchObject({ id, trigger_type: binding.trigger_type });
    provider.terminate();
  });

  it('two callers may use the same invocation id', async () => {
    const other = await RawClient.connect(engine.url);
    const worker = await RawClient.connect(engine.url);
    worker.offer('who');
    await worker.settled();
    const call = { type: 'invokefunction', invocation_id: 'same', function_id: 'who' };
    client.send({ ...call, data: 'first' });
    await worker.delivery(1, 'who');
    other.send({ ...call, data: 'second' });
    const second = await worker.delivery(2, 'who');
    const first = await worker.delivery(1, 'who');
    expect(first['invocation_id']).not.toBe(second['invocation_id']);
    for (const { invocation_id } of [first, second]) expect(invocation_id).toMatch(UUID);
    worker.answer(second, { result: second['data'] });
    worker.answer(first, { result: first['data'] });
    expect((await client.reply('same')).result).toBe('first');
    expect((await other.reply('same')).result).toBe('second');
    other.terminate();
    worker.terminate();
  });

  it('one caller may use an invocation id twice and gets both answers', async () => {
    client.offer('twice', (call) => ({ result: call['data'] }));
    const call = { type: 'invokefunction', invocation_id: 'again', function_id: 'twice' };
    client.send({ ...call, data: 1 });
    client.send({ ...call, data: 2 });
    const answers = (): unknown[] =>
      client.frames
        .filter(
          ({ type, invocation_id }) => type === 'invocationresult' && invocation_id === 'again',
        )
        .map(({ result }) => result);
    await eventually(() => answers().length === 2);
    expect(answers()).toEqual([1, 2]);
  });

  it('an answer from a worker that was not asked is ignored', async () => {
    const worker = await RawClient.connect(engine.url);
    const thief = await RawClient.connect(engine.url);
    worker.offer('mine');
    await worker.settled();
    const reply = client.invoke('mine', '{}');
    const call = await worker.delivery(1, 'mine');
    thief.answer(call, { result: 'stolen' });
    await thief.settled();
    worker.answer(call, { result: 'honest' });
    expect((await reply).result).toBe('honest');
    thief.terminate();
    worker.terminate();
  });

  it('the second answer to a call or a job is ignored', async () => {
    client.offer('doubly');
    await client.settled();
    const reply = client.invoke('doubly', '{}');
    const call = await client.delivery(1, 'doubly');
    client.answer(call, { result: 1 });
    client.answer(call, { error: { code: 'late', message: 'late' } });
    expect((await reply).result).toBe(1);

    const id = await client.accepted('pay', 'doubly');
    const job = await client.delivery(2, 'doubly');
    client.answer(job, {});
    client.answer(job, { error: { code: 'late', message: 'late' } });
    const detail = await client.call('iii::job::wait', { id, timeoutMs: 5_000 });
    expect(detail).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('void calls and calls without id are never answered, not even with an error', async () => {
    client.offer('quiet', () => ({ result: 1 }));
    const id = randomUUID();
    const action = { type: 'void' };
    client.send({
      type: 'invokefunction',
      invocation_id: id,
      function_id: 'quiet',
      data: 1,
      action,
    });
    client.send({ type: 'invokefunction', function_id: 'quiet', data: 2 });
    client.send({ type: 'invokefunction', function_id: 'no::such', data: 3 });
    client.send({ type: 'invokefunction', invocation_id: id, function_id: 'no::such', action });
    const delivered = await client.delivery(2, 'quiet');
    expect(delivered['invocation_id']).toMatch(UUID);
    expect(delivered).not.toHaveProperty('action');
    await client.settled();
    expect(client.texts.filter((text) => text.includes('invocationresult'))).toHaveLength(1);
  });

  it('a missing function and a lost worker are told with their codes', async () => {
    const missing = await client.invoke('no::such', '{}');
    expect(missing.error).toEqual({
      code: 'function_not_found',
      message: 'Function no::such not found',
    });
    const worker = await RawClient.connect(engine.url);
    worker.offer('short::lived');
    await worker.settled();
    const reply = client.invoke('short::lived', '{}');
    await worker.delivery(1, 'short::lived');
    worker.terminate();
    expect((await reply).error).toMatchObject({ code: 'invocation_stopped' });
    const gone = await client.invoke('short::lived', '{}');
    expect(gone.error?.code).toBe('function_not_found');
  });

  it('a worker cannot take over a function of the engine', async () => {
    client.offer('iii::queue::list', () => ({ result: 'mine' }));
    const { result } = await client.invoke('iii::queue::list', '{}');
    expect(result).toHaveProperty('queues');
  });

  it('errors of a worker pass through as they are, and odd ones become objects', async () => {
    const error = { code: 'E_CARD', message: 'declined', stacktrace: 'at x' };
    client.offer('rich', () => ({ error }));
    expect((await client.invoke('rich', '{}')).error).toEqual(error);
    client.offer('poor', () => ({ error: 'just text' }));
    const poor = (await client.invoke('poor', '{}')).error;
    expect(poor).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    client.offer('none', () => ({ result: 5, error: null }));
    expect(await client.invoke('none', '{}')).toMatchObject({ result: 5, error: undefined });
  });
});
