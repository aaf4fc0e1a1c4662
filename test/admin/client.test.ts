import { afterEach, describe, expect, it } from 'vitest';
import { type AdminClient, connect, type ConnectOptions } from '../../src/admin/client.ts';
import { ManualClock, SystemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import { fail, FakeEngine, NO_ANSWER, raw } from '../support/fake-engine.ts';

let engine: FakeEngine | undefined;
let client: AdminClient | undefined;

afterEach(async () => {
  await client?.close();
  await engine?.stop();
  client = undefined;
  engine = undefined;
});

async function open(
  answers: Parameters<typeof FakeEngine.start>[0],
  options: Partial<ConnectOptions> = {},
): Promise<AdminClient> {
  engine = await FakeEngine.start(answers);
  client = await connect({
    url: engine.url,
    token: null,
    timeoutMs: 5_000,
    clock: new SystemClock(),
    ...options,
  });
  return client;
}

describe('the client of the worker protocol', () => {
  it('calls a function of the contract and answers its result', async () => {
    const opened = await open({ 'iii::queue::list': () => ({ queues: [] }) });
    expect(await opened.call('iii::queue::list', {})).toEqual({ queues: [] });
    expect(engine?.calls[0]).toMatchObject({ functionId: 'iii::queue::list', data: {} });
  });

  it('answers the result of a function as the text it was sent as', async () => {
    const opened = await open({ price: () => raw('{"cents":9007199254740993,"rate":1.0}') });
    expect(await opened.invoke('price', '{}')).toBe('{"cents":9007199254740993,"rate":1.0}');
  });

  it('sends a payload as it was written', async () => {
    const opened = await open({ enqueue: () => ({ messageReceiptId: 'r1' }) });
    const payload = '{"b":1.0,"a":9007199254740993,"__proto__":1}';
    expect(await opened.enqueue('pay', payload, { queue: 'payment', delay_ms: 5 })).toBe('r1');
    expect(engine?.calls[0]).toMatchObject({
      dataText: payload,
      action: { type: 'enqueue', queue: 'payment', delay_ms: 5 },
    });
  });

  it('answers many calls that are sent at once, each with its own result', async () => {
    const opened = await open({ echo: ({ dataText }) => raw(dataText) });
    const sent = Array.from({ length: 500 }, (_, index) => String(index));
    expect(await Promise.all(sent.map((text) => opened.invoke('echo', text)))).toEqual(sent);
  });

  it('never registers anything', async () => {
    const opened = await open({ echo: () => 1 });
    await opened.invoke('echo', '{}');
    expect(engine?.calls.map(({ functionId }) => functionId)).toEqual(['echo']);
  });

  it("keeps an error's code, hint and details", async () => {
    const opened = await open({
      'iii::queue::get': () =>
        fail('QUEUE_NOT_FOUND', "Queue 'x' not found", { hint: 'look', details: { queue: 'x' } }),
    });
    await expect(opened.call('iii::queue::get', { queue: 'x' })).rejects.toMatchObject({
      code: 'QUEUE_NOT_FOUND',
      hint: 'look',
      details: { queue: 'x' },
    });
  });

  it("keeps a worker's own code among the details", async () => {
    const opened = await open({ pay: () => fail('card_declined', 'no') });
    await expect(opened.invoke('pay', '{}')).rejects.toMatchObject({
      code: 'invocation_failed',
      message: 'no',
      details: { code: 'card_declined' },
    });
  });

  it('gives up on an answer that does not come in time', async () => {
    const clock = new ManualClock();
    const opened = await open({ slow: () => NO_ANSWER }, { clock });
    const answer = opened.invoke('slow', '{}', { timeoutMs: 1_000 });
    const settled = expect(answer).rejects.toMatchObject({ code: 'TIMEOUT' });
    await engine?.called('slow');
    await clock.advance(1_000);
    await settled;
  });

  it('ends what waits when the connection is lost', async () => {
    const opened = await open({ slow: () => NO_ANSWER });
    const answer = opened.invoke('slow', '{}');
    const settled = expect(answer).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    await engine?.called('slow');
    engine?.dropConnections();
    await settled;
    await expect(opened.invoke('slow', '{}')).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });

  it('ends what waits with the reason of its signal', async () => {
    const controller = new AbortController();
    const opened = await open({ slow: () => NO_ANSWER }, { signal: controller.signal });
    const settled = expect(opened.invoke('slow', '{}')).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await settled;
  });

  it('names the address when nothing listens there', async () => {
    engine = await FakeEngine.start({});
    const { url } = engine;
    await engine.stop();
    await expect(
      connect({ url, token: null, timeoutMs: 5_000, clock: new SystemClock() }),
    ).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE', details: { url } });
  });

  it.each([
    { token: null, code: 'TOKEN_REQUIRED' },
    { token: new Secret('wrong'), code: 'AUTH_ERROR' },
  ])('is refused as $code by an engine that wants another token', async ({ token, code }) => {
    engine = await FakeEngine.start({}, 'right');
    await expect(
      connect({ url: engine.url, token, timeoutMs: 5_000, clock: new SystemClock() }),
    ).rejects.toMatchObject({ code });
  });

  it('sends its token in a header', async () => {
    const opened = await open({ echo: () => 1 }, { token: new Secret('right') });
    await opened.invoke('echo', '{}');
    expect(engine?.calls[0]?.token).toBe('right');
  });
});
