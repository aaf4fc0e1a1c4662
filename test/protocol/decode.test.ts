import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBinary, decodeText } from '../../src/protocol/decode.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Frames as published SDKs sent them (wire-protocol.md §2 and §11), and what the engine reads. */
const VECTORS: readonly (readonly [name: string, text: string, message: unknown])[] = [
  [
    'a function of Node 0.9',
    '{"type":"registerfunction","id":"probe.echo","description":"desc","request_format":{"name":"x","type":"object"},"metadata":{"a":1}}',
    {
      kind: 'register_function',
      id: 'probe.echo',
      description: 'desc',
      requestFormat: { name: 'x', type: 'object' },
      responseFormat: null,
      metadata: { a: 1 },
      invocation: null,
    },
  ],
  [
    'a function of Python, with the type last',
    '{"id": "probe.echo", "type": "registerfunction"}',
    {
      kind: 'register_function',
      id: 'probe.echo',
      description: null,
      requestFormat: null,
      responseFormat: null,
      metadata: null,
      invocation: null,
    },
  ],
  [
    'a function called over HTTP',
    '{"type":"registerfunction","id":"ext.http","invocation":{"url":"http://example.test/x","method":"POST","timeout_ms":1000}}',
    {
      kind: 'register_function',
      id: 'ext.http',
      description: null,
      requestFormat: null,
      responseFormat: null,
      metadata: null,
      invocation: { url: 'http://example.test/x', method: 'POST', timeout_ms: 1000 },
    },
  ],
  [
    'the end of a function',
    '{"type":"unregisterfunction","id":"probe.fail"}',
    { kind: 'unregister_function', id: 'probe.fail' },
  ],
  [
    'a service',
    '{"type":"registerservice","id":"svc","description":"a service","name":"svc"}',
    { kind: 'register_service', id: 'svc', name: 'svc', description: 'a service' },
  ],
  [
    'a service without a name',
    '{"type":"registerservice","id":"svc"}',
    { kind: 'register_service', id: 'svc', name: 'svc', description: null },
  ],
  [
    'a trigger type',
    '{"type":"registertriggertype","id":"probe-type","description":"Probe type"}',
    {
      kind: 'register_trigger_type',
      id: 'probe-type',
      description: 'Probe type',
      triggerRequestFormat: null,
      callRequestFormat: null,
    },
  ],
  [
    'the end of a trigger type',
    '{"type":"unregistertriggertype","id":"mailbox","description":"Fires on new mail"}',
    { kind: 'unregister_trigger_type', id: 'mailbox' },
  ],
  [
    'a trigger of Node, with its stray message_type',
    '{"type":"registertrigger","function_id":"probe.echo","config":{"api_path":"/x"},"metadata":{"k":"v"},"id":"7c0c8d83","message_type":"registertrigger","trigger_type":"http"}',
    {
      kind: 'register_trigger',
      id: '7c0c8d83',
      triggerType: 'http',
      functionId: 'probe.echo',
      config: { api_path: '/x' },
      metadata: { k: 'v' },
    },
  ],
  [
    'a trigger of Python without config',
    '{"id": "72feec91", "trigger_type": "http", "function_id": "f", "type": "registertrigger"}',
    {
      kind: 'register_trigger',
      id: '72feec91',
      triggerType: 'http',
      functionId: 'f',
      config: {},
      metadata: null,
    },
  ],
  [
    'the end of a trigger',
    '{"type":"unregistertrigger","id":"7c0c8d83","message_type":"unregistertrigger","trigger_type":"http"}',
    { kind: 'unregister_trigger', id: '7c0c8d83', triggerType: 'http' },
  ],
  [
    'the end of a trigger, by id alone',
    '{"type":"unregistertrigger","id":"7c0c8d83"}',
    { kind: 'unregister_trigger', id: '7c0c8d83', triggerType: null },
  ],
  [
    "a provider's refusal",
    '{"type":"triggerregistrationresult","id":"t","trigger_type":"http","function_id":"f","error":{"code":"trigger_type_not_found","message":"no"}}',
    {
      kind: 'trigger_registration_result',
      id: 't',
      triggerType: 'http',
      functionId: 'f',
      error: { code: 'trigger_type_not_found', message: 'no' },
      warnings: [],
    },
  ],
  ['a ping', '{"type":"ping"}', { kind: 'ping' }],
  ['a pong', '{"type":"pong"}', { kind: 'pong' }],
  [
    'a reattach',
    '{"type":"reattach","previous_worker_id":"a7331489","reattach_token":"7f0c7881"}',
    { kind: 'reattach', previousWorkerId: 'a7331489', reattachToken: '7f0c7881' },
  ],
  ['a token', '{"type":"auth","token":"t0"}', { kind: 'auth', token: 't0' }],
  [
    'a call',
    '{"type":"invokefunction","invocation_id":"c10a","function_id":"some::fn","data":{"x":1},"metadata":{"sess":1}}',
    {
      kind: 'invoke_function',
      invocationId: 'c10a',
      functionId: 'some::fn',
      data: { text: '{"x":1}', depth: 1 },
      action: { kind: 'call' },
      traceparent: null,
      baggage: null,
      metadata: { text: '{"sess":1}', depth: 1 },
    },
  ],
  [
    'a call without data, and with empty trace context',
    '{"function_id": "some::fn", "invocation_id": "6d44", "traceparent":"", "baggage":"k=v", "type": "invokefunction"}',
    {
      kind: 'invoke_function',
      invocationId: '6d44',
      functionId: 'some::fn',
      data: { text: 'null', depth: 0 },
      action: { kind: 'call' },
      traceparent: null,
      baggage: 'k=v',
      metadata: null,
    },
  ],
  [
    'a void call without id',
    '{"function_id": "v", "data": {"a": 1}, "action": {"type": "void"}, "type": "invokefunction"}',
    {
      kind: 'invoke_function',
      invocationId: null,
      functionId: 'v',
      data: { text: '{"a": 1}', depth: 1 },
      action: { kind: 'void' },
      traceparent: null,
      baggage: null,
      metadata: null,
    },
  ],
  [
    'an enqueue, with its options as they came',
    '{"type":"invokefunction","invocation_id":"521c","function_id":"some::fn","data":[],"action":{"type":"enqueue","queue":"q1","delay_ms":"soon"}}',
    {
      kind: 'invoke_function',
      invocationId: '521c',
      functionId: 'some::fn',
      data: { text: '[]', depth: 1 },
      action: {
        kind: 'enqueue',
        options: { type: 'enqueue', queue: 'q1', delay_ms: 'soon' },
      },
      traceparent: null,
      baggage: null,
      metadata: null,
    },
  ],
  [
    'an answer',
    '{"type":"invocationresult","invocation_id":"0795","function_id":"probe.echo","result":{"got":{"hello":1},"meta":null},"traceparent":"00-4b"}',
    {
      kind: 'invocation_result',
      invocationId: '0795',
      functionId: 'probe.echo',
      result: { text: '{"got":{"hello":1},"meta":null}', depth: 2 },
      error: null,
    },
  ],
  [
    'an answer of Python that returned None',
    '{"invocation_id": "2c98", "function_id": "probe.none", "type": "invocationresult"}',
    {
      kind: 'invocation_result',
      invocationId: '2c98',
      functionId: 'probe.none',
      result: null,
      error: null,
    },
  ],
  [
    'an answer with null for both',
    '{"invocation_id":"2c98","function_id":"f","result":null,"error":null,"type":"invocationresult"}',
    { kind: 'invocation_result', invocationId: '2c98', functionId: 'f', result: null, error: null },
  ],
  [
    'a failure',
    '{"type":"invocationresult","invocation_id":"9a50","function_id":"f","error":{"code":"retry_after","message":"busy","stacktrace":"Error: busy","retry_after_ms":250,"other":1}}',
    {
      kind: 'invocation_result',
      invocationId: '9a50',
      functionId: 'f',
      result: null,
      error: {
        code: 'retry_after',
        message: 'busy',
        stacktrace: 'Error: busy',
        retry_after_ms: 250,
      },
    },
  ],
  [
    'a failure that is a bare string',
    '{"type":"invocationresult","invocation_id":"9a50","function_id":"f","error":"boom"}',
    {
      kind: 'invocation_result',
      invocationId: '9a50',
      functionId: 'f',
      result: null,
      error: { code: 'UNKNOWN', message: 'boom' },
    },
  ],
];

describe('decodeText', () => {
  it.each(VECTORS)('reads %s', (_name, text, message) => {
    expect(decodeText(text)).toEqual(message);
  });

  it.each([
    '9007199254740993',
    '1.0',
    '{"b":1,"a":2}',
    '{"__proto__":{"polluted":true},"a":1,"a":2}',
    '"\\u0061\\""',
    '[ 1 ,\n2 ]',
  ])('carries the payload %s on unchanged', (payload) => {
    const call = decodeText(
      `{"data":0,"type":"invokefunction","function_id":"f","\\u0064ata": ${payload} }`,
    );
    expect(call).toMatchObject({ kind: 'invoke_function', data: { text: payload } });
  });

  it.each([
    ['{"type":"registerfunction"', 'not valid JSON'],
    ['\ufeff{"type":"ping"}', 'not valid JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"ping"', 'not a JSON object'],
    ['{}', 'type is missing or not a string'],
    ['{"type":1}', 'type is missing or not a string'],
    ['{"type":"secret-type"}', 'unknown type'],
    ['{"type":"workerregistered"}', 'workerregistered: only the engine sends this type'],
    ['{"type":"error"}', 'error: only the engine sends this type'],
    ['{"type":"registerfunction","id":7}', 'registerfunction: id is missing or not a string'],
    [
      '{"type":"registerfunction","id":"f","invocation":"x"}',
      'registerfunction: invocation is not an object',
    ],
    [
      '{"type":"registertriggertype","id":"t"}',
      'registertriggertype: description is missing or not a string',
    ],
    [
      '{"type":"registertrigger","id":"t","function_id":"f"}',
      'registertrigger: trigger_type is missing or not a string',
    ],
    [
      '{"type":"invokefunction","data":1}',
      'invokefunction: function_id is missing or not a string',
    ],
    [
      '{"type":"invokefunction","function_id":"f","invocation_id":7}',
      'invokefunction: invocation_id is not a string',
    ],
    [
      '{"type":"invokefunction","function_id":"f","action":"enqueue"}',
      'invokefunction: action is not void or enqueue',
    ],
    [
      '{"type":"invokefunction","function_id":"f","action":{"type":"later"}}',
      'invokefunction: action is not void or enqueue',
    ],
    [
      '{"type":"invocationresult","function_id":"f"}',
      'invocationresult: invocation_id is missing or not a string',
    ],
    [
      '{"type":"invocationresult","invocation_id":"i"}',
      'invocationresult: function_id is missing or not a string',
    ],
    [
      '{"type":"reattach","previous_worker_id":"w"}',
      'reattach: reattach_token is missing or not a string',
    ],
    ['{"type":"auth"}', 'auth: token is missing or not a string'],
  ])('drops %s and says why', (text, reason) => {
    expect(decodeText(text)).toEqual({ kind: 'dropped', reason });
  });

  it.each(['', ' ', '\n\t'])('drops a frame without content as empty', (text) => {
    expect(decodeText(text)).toEqual({ kind: 'dropped', reason: 'empty' });
  });

  it('tells how deep a payload is, and drops other members that are too deep to write again', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(decodeText(`{"type":"invokefunction","function_id":"f","data":${deep}}`)).toMatchObject({
      data: { depth: 100_000 },
    });
    for (const text of [
      `{"type":"registerfunction","id":"f","metadata":${deep}}`,
      `{"type":"registertrigger","id":"t","trigger_type":"x","function_id":"f","config":${deep}}`,
      `{"type":"invokefunction","function_id":"f","action":{"type":"enqueue","x":${deep}}}`,
    ]) {
      expect(decodeText(text)).toMatchObject({ kind: 'dropped' });
    }
  });

  it('takes any error that is there for a failure', () => {
    for (const error of ['true', '1', '[]', '{}', '{"code":5,"message":{}}']) {
      const text = `{"type":"invocationresult","invocation_id":"i","function_id":"f","error":${error}}`;
      expect(decodeText(text)).toMatchObject({
        error: { code: 'UNKNOWN', message: 'the error came without a message' },
      });
    }
  });

  it('never throws, never echoes and never touches prototypes, whatever comes', () => {
    const member = fc.constantFrom('id', 'function_id', 'data', 'action', 'error', '__proto__');
    const type = fc.constantFrom('invokefunction', 'invocationresult', 'registertrigger', 'auth');
    const object = fc.tuple(type, fc.array(fc.tuple(member, fc.json()))).map(([name, members]) => {
      const rest = members.map(([key, text]) => `,${JSON.stringify(key)}:${text}`).join('');
      return `{"type":"${name}"${rest}}`;
    });
    const before = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), object), (text) => {
        expect(decodeText(text)).toHaveProperty('kind');
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBinary(bytes)).toHaveProperty('kind');
      }),
    );
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  });
});

describe('decodeBinary', () => {
  it.each([
    ['OTLP', 'traces'],
    ['MTRC', 'metrics'],
    ['LOGS', 'logs'],
  ])('reads the prefix %s as %s', (prefix, signal) => {
    const body = '{"resourceLogs":[]}';
    expect(decodeBinary(bytesOf(prefix + body))).toEqual({
      kind: 'telemetry',
      signal,
      body: bytesOf(body),
    });
  });

  it('reads anything else as the text of a message', () => {
    expect(decodeBinary(bytesOf('{"type":"ping"}'))).toEqual({ kind: 'ping' });
    expect(decodeBinary(bytesOf('OTL'))).toEqual({ kind: 'dropped', reason: 'not valid JSON' });
    expect(decodeBinary(new Uint8Array([0xff, 0xfe, 0, 1]))).toMatchObject({ kind: 'dropped' });
  });
});
