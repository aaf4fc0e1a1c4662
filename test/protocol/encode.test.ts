import { describe, expect, it } from 'vitest';
import { decodeEngineMessage, encodeAuth, encodeInvoke } from '../../src/protocol/client-frames.ts';
import { decodeText } from '../../src/protocol/decode.ts';
import {
  encodeDelivery,
  encodeError,
  encodePong,
  encodeRegisterTrigger,
  encodeResult,
  encodeTriggerRegistrationResult,
  encodeUnregisterTrigger,
  encodeWorkerRegistered,
} from '../../src/protocol/encode.ts';

const trigger = {
  id: 't1',
  triggerType: 'mailbox',
  functionId: 'f',
  config: { box: 'in' },
  metadata: null,
};

describe('frames from the engine', () => {
  it.each([
    [
      'a delivery',
      encodeDelivery({
        invocationId: 'b78f763b',
        functionId: 'probe.echo',
        data: '{"hello":9007199254740993}',
        traceparent: '00-4bf9',
        baggage: 'a=1',
        metadata: '{"m":1.0}',
      }),
      '{"type":"invokefunction","invocation_id":"b78f763b","function_id":"probe.echo","data":{"hello":9007199254740993},"traceparent":"00-4bf9","baggage":"a=1","metadata":{"m":1.0}}',
    ],
    [
      'a delivery with nothing beside the payload',
      encodeDelivery({
        invocationId: 'i',
        functionId: 'a"b',
        data: 'null',
        traceparent: null,
        baggage: null,
        metadata: null,
      }),
      '{"type":"invokefunction","invocation_id":"i","function_id":"a\\"b","data":null}',
    ],
    [
      'an answer',
      encodeResult({ invocationId: 'c10a', functionId: 'f', result: '{"a":1.0}', error: null }),
      '{"type":"invocationresult","invocation_id":"c10a","function_id":"f","result":{"a":1.0}}',
    ],
    [
      'an answer without a value',
      encodeResult({ invocationId: 'c10a', functionId: 'f', result: null, error: null }),
      '{"type":"invocationresult","invocation_id":"c10a","function_id":"f"}',
    ],
    [
      'a failure',
      encodeResult({
        invocationId: 'bb71',
        functionId: 'nope',
        result: null,
        error: { code: 'function_not_found', message: 'Function nope not found' },
      }),
      '{"type":"invocationresult","invocation_id":"bb71","function_id":"nope","error":{"code":"function_not_found","message":"Function nope not found"}}',
    ],
    [
      'the greeting',
      encodeWorkerRegistered('006ea734', 'b79aafcd'),
      '{"type":"workerregistered","worker_id":"006ea734","reattach_token":"b79aafcd"}',
    ],
    ['a pong', encodePong(), '{"type":"pong"}'],
    [
      'a refusal',
      encodeError('AUTH_ERROR', 'no token'),
      '{"type":"error","error":{"code":"AUTH_ERROR","message":"no token"}}',
    ],
    [
      'a trigger for its provider',
      encodeRegisterTrigger(trigger),
      '{"type":"registertrigger","id":"t1","trigger_type":"mailbox","function_id":"f","config":{"box":"in"}}',
    ],
    [
      'a trigger with metadata and without config',
      encodeRegisterTrigger({ ...trigger, config: null, metadata: { k: 'v' } }),
      '{"type":"registertrigger","id":"t1","trigger_type":"mailbox","function_id":"f","config":{},"metadata":{"k":"v"}}',
    ],
    [
      'the end of a trigger',
      encodeUnregisterTrigger(trigger),
      '{"type":"unregistertrigger","id":"t1","trigger_type":"mailbox"}',
    ],
    [
      'a failed trigger',
      encodeTriggerRegistrationResult(trigger, { code: 'FORBIDDEN', message: 'no' }),
      '{"type":"triggerregistrationresult","id":"t1","trigger_type":"mailbox","function_id":"f","error":{"code":"FORBIDDEN","message":"no"}}',
    ],
    [
      'a trigger that is there, with a warning',
      encodeTriggerRegistrationResult(trigger, null, ['odd']),
      '{"type":"triggerregistrationresult","id":"t1","trigger_type":"mailbox","function_id":"f","warnings":["odd"]}',
    ],
  ])('%s is written as the SDKs expect it', (_name, frame, expected) => {
    expect(frame).toBe(expected);
  });
});

describe('frames of a client', () => {
  it.each([
    [{ kind: 'call' } as const, { kind: 'call' }],
    [{ kind: 'void' } as const, { kind: 'void' }],
    [
      { kind: 'enqueue', options: { queue: 'q', delay_ms: 5 } } as const,
      { kind: 'enqueue', options: { type: 'enqueue', queue: 'q', delay_ms: 5 } },
    ],
  ])('a call with action %o reaches the engine as it was meant', (action, read) => {
    const call = { invocationId: 'i', functionId: 'a"b', data: '[1.0]', action };
    expect(decodeText(encodeInvoke(call))).toEqual({
      kind: 'invoke_function',
      invocationId: 'i',
      functionId: 'a"b',
      data: { text: '[1.0]', depth: 1 },
      action: read,
      traceparent: null,
      baggage: null,
      metadata: null,
    });
  });

  it('a call without id has no id', () => {
    const call = {
      invocationId: null,
      functionId: 'f',
      data: '1',
      action: { kind: 'void' } as const,
    };
    expect(decodeText(encodeInvoke(call))).toMatchObject({ invocationId: null });
  });

  it('a token reaches the engine', () => {
    expect(decodeText(encodeAuth('t"0'))).toEqual({ kind: 'auth', token: 't"0' });
  });
});

describe('decodeEngineMessage', () => {
  it('reads the greeting, answers, calls and refusals', () => {
    expect(decodeEngineMessage(encodeWorkerRegistered('w', 'r'))).toEqual({
      kind: 'worker_registered',
      workerId: 'w',
      reattachToken: 'r',
    });
    const error = {
      code: 'enqueue_error',
      message: 'no such queue',
      hint: 'create it',
      retryable: true,
      details: { queue: 'q' },
    } as const;
    const answer = { invocationId: 'i', functionId: 'f', result: null, error };
    expect(decodeEngineMessage(encodeResult(answer))).toEqual({
      kind: 'invocation_result',
      ...answer,
    });
    expect(
      decodeEngineMessage(
        '{"type":"invokefunction","invocation_id":"i","function_id":"f","data":1.0}',
      ),
    ).toMatchObject({ kind: 'invoke_function', data: { text: '1.0' } });
    expect(decodeEngineMessage(encodeError('AUTH_ERROR', 'no'))).toEqual({
      kind: 'error',
      error: { code: 'AUTH_ERROR', message: 'no' },
    });
  });

  it('drops what a client has no use for', () => {
    expect(decodeEngineMessage('{"type":"pong"}')).toEqual({
      kind: 'dropped',
      reason: 'unknown type',
    });
    expect(decodeEngineMessage('{')).toEqual({ kind: 'dropped', reason: 'not valid JSON' });
  });
});
