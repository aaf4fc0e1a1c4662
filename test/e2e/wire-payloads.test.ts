import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { RawClient } from '../support/raw-client.ts';

/** The JSON text of a member, cut out of a frame without parsing it. */
function memberText(frame: string, name: string): string {
  const marker = `"${name}":`;
  const start = frame.indexOf(marker) + marker.length;
  let depth = 0;
  let inString = false;
  for (let at = start; at < frame.length; at++) {
    const character = frame[at];
    if (inString) {
      if (character === '\\') at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && depth > 0) depth--;
    else if ((character === ',' || character === '}') && depth === 0) return frame.slice(start, at);
  }
  return frame.slice(start);
}

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

const TEXTS: Readonly<Record<string, string>> = {
  'an integer beyond 2^53': '{"cents":9007199254740993}',
  'an integer beyond any double': '{"n":123456789012345678901234567890}',
  'a decimal that ends in zero': '{"price":1.0,"rate":0.10}',
  exponents: '{"a":1e2,"b":1E+2,"c":-0.0,"d":1e400}',
  'the order of keys': '{"z":1,"a":2,"10":3,"2":4}',
  'a key __proto__': '{"__proto__":{"admin":true},"constructor":{"prototype":1}}',
  'duplicate keys': '{"a":1,"a":2}',
  'an emoji and other scripts': '{"text":"🚀 日本語 \u0000ok é"}'.replace('\u0000', '\\u0000'),
  'escapes as they were written': '{"text":"\\u00e9\\/\\u2028"}',
  'a lone surrogate as an escape': '{"text":"\\ud83d"}',
  'white space inside': '{ "a" : [ 1 , 2 ] }',
  'an empty object': '{}',
  'a string': '"text"',
  'a number': '42',
  null: 'null',
  false: 'false',
  'an array': '[1,[2,[3]]]',
  'text that looks like a frame': '{"type":"invokefunction","data":{"data":"}"}}',
};

describe('payloads on their way through the engine', () => {
  let engine: EngineProcess;
  let client: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: engineConfig({ pay: {} }) });
  });
  afterAll(() => engine.close());
  beforeEach(async () => {
    client = await RawClient.connect(engine.url);
    return () => client.terminate();
  });

  it.each(Object.entries(TEXTS))('a job carries %s unchanged', async (_, text) => {
    client.offer('keep', () => ({}));
    await client.accepted('pay', 'keep', text);
    expect(memberText(await client.deliveryText('keep'), 'data')).toBe(text);
  });

  // a result of null may be left out: the protocol makes no difference
  const results = Object.entries(TEXTS).filter(([, text]) => text !== 'null');
  it.each(results)('a call and its result carry %s unchanged', async (_, text) => {
    const worker = await RawClient.connect(engine.url);
    worker.offer('back');
    await worker.settled();
    const reply = client.invoke('back', text);
    const call = await worker.delivery(1, 'back');
    expect(memberText(await worker.deliveryText('back'), 'data')).toBe(text);
    const { invocation_id } = call;
    worker.send(
      `{"type":"invocationresult","invocation_id":${JSON.stringify(invocation_id)},"function_id":"back","result":${text}}`,
    );
    expect(memberText((await reply).text, 'result')).toBe(text);
    worker.terminate();
  });

  it('metadata reaches the function unchanged, with the job beside it', async () => {
    client.offer('meta', () => ({}));
    const head = '"type":"invokefunction","invocation_id":"a7b0f6ce-17ff-4f42-8f9d-0d6f7a2f1c11"';
    client.send(
      `{${head},"function_id":"meta","data":{},"metadata":{"n":9007199254740993,"iii.job":"mine"},"action":{"type":"enqueue","queue":"pay"}}`,
    );
    expect(memberText(await client.deliveryText('meta'), 'metadata')).toContain(
      '"n":9007199254740993',
    );
    const { metadata } = client.deliveries('meta')[0]!;
    expect(metadata).toMatchObject({ 'iii.job': { queue: 'pay', attempt: 1, max_attempts: 3 } });
  });

  it('64 levels are accepted and 65 are refused, and the connection lives on', async () => {
    client.offer('deep', () => ({}));
    await client.accepted('pay', 'deep', nested(64));
    await client.delivery(1, 'deep');
    const { error } = await client.enqueue('pay', 'deep', nested(65));
    expect(error).toMatchObject({ code: 'enqueue_error' });
    expect(error?.message).toContain('65');
    const direct = await client.invoke('deep', nested(65));
    expect(direct.error?.code).toBe('serialization_error');
    expect((await client.invoke('deep', nested(64))).error).toBeUndefined();
  });

  it('a million levels do not end the engine', async () => {
    const { error } = await client.enqueue('pay', 'deep', nested(1_000_000));
    expect(error?.code).toBe('enqueue_error');
    client.send(`{"type":"registerfunction","id":"x","metadata":${nested(1_000_000)}}`);
    client.send(
      `{"type":"invocationresult","invocation_id":"x","function_id":"x","result":${nested(1_000_000)}}`,
    );
    await client.settled();
    expect(client.closed).toBeUndefined();
  });

  it('1 000 000 bytes are accepted, one more is refused by size', async () => {
    client.offer('big', () => ({}));
    const exact = JSON.stringify('x'.repeat(999_998));
    await client.accepted('pay', 'big', exact);
    const delivered = await client.delivery(1, 'big');
    expect((delivered['data'] as string).length).toBe(999_998);
    const { error } = await client.enqueue('pay', 'big', JSON.stringify('x'.repeat(999_999)));
    expect(error?.code).toBe('enqueue_error');
    expect(error?.message).toContain('1000001');
    expect(error?.message).toContain('1000000');
  });

  it('size is counted in bytes and not in characters', async () => {
    const threeBytesEach = JSON.stringify('日'.repeat(333_333));
    const { error } = await client.enqueue('pay', 'big', threeBytesEach);
    expect(error?.message).toContain('1000001');
  });

  it('the result of a function may be as large as a frame', async () => {
    client.offer('large', () => ({ result: 'y'.repeat(5_000_000) }));
    const { result } = await client.invoke('large', '{}');
    expect((result as string).length).toBe(5_000_000);
  });

  it('data that is left out arrives as null, and so does an absent result', async () => {
    client.offer('lack', () => ({}));
    const reply = await client.invoke('lack');
    expect((await client.delivery(1, 'lack'))['data']).toBeNull();
    expect(reply.error).toBeUndefined();
    expect(reply.result ?? null).toBeNull();
    const id = await client.invoke('lack', undefined, { action: { type: 'enqueue' } });
    expect(id.result).toMatchObject({ messageReceiptId: expect.any(String) });
    expect((await client.delivery(2, 'lack'))['data']).toBeNull();
  });

  it('trace context is handed on, and an empty one counts as none', async () => {
    client.offer('trace', () => ({}));
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await client.invoke('trace', '{}', { traceparent, baggage: 'tenant=a' });
    expect(await client.delivery(1, 'trace')).toMatchObject({ traceparent, baggage: 'tenant=a' });
    await client.enqueue('pay', 'trace', '{}', {}, { traceparent, baggage: 'tenant=b' });
    expect(await client.delivery(2, 'trace')).toMatchObject({ traceparent, baggage: 'tenant=b' });
    await client.invoke('trace', '{}', { traceparent: '', baggage: '' });
    const bare = await client.delivery(3, 'trace');
    expect(bare['traceparent'] ?? '').toBe('');
  });
});
