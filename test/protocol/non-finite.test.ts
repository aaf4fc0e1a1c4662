import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/protocol/decode.ts';

describe('numbers that JSON does not have', () => {
  it.each([
    ['NaN', null],
    [
      '{"mean": NaN, "max": Infinity, "min": -Infinity}',
      '{"mean": null, "max": null, "min": null}',
    ],
    [String.raw`["NaN", "a\\", NaN, "\"NaN"]`, String.raw`["NaN", "a\\", null, "\"NaN"]`],
  ])('takes the result %s, as Python writes it, for one with null', (result, read) => {
    const text = `{"invocation_id": "i", "function_id": "f", "result": ${result}, "type": "invocationresult"}`;
    expect(decodeText(text)).toMatchObject({
      kind: 'invocation_result',
      invocationId: 'i',
      result: read === null ? null : { text: read },
      error: null,
    });
  });

  it.each([
    ['"data": NaN', false],
    ['"data": {"list": [1, -Infinity]}, "action": {"type": "enqueue", "queue": "mail"}', true],
    ['"data": {}, "metadata": {"mean": NaN}', false],
    ['"data": {}, "action": {"type": "enqueue", "delay_ms": Infinity}', true],
  ])('keep a call with %s from being read, but not from being answered', (members, isEnqueue) => {
    const text = `{"function_id": "f", ${members}, "invocation_id": "i", "type": "invokefunction"}`;
    expect(decodeText(text)).toEqual({
      kind: 'unreadable_call',
      invocationId: 'i',
      functionId: 'f',
      error: {
        code: isEnqueue ? 'enqueue_error' : 'serialization_error',
        message: expect.stringContaining('NaN or Infinity') as string,
        hint: expect.any(String) as string,
      },
    });
  });

  it.each([
    '{"type":"invokefunction","function_id":"f","data":NaN}',
    '{"type":"invokefunction","function_id":"f","data":NaN,"invocation_id":"i","action":{"type":"void"}}',
    '{"type":"registerfunction","id":"f","metadata":{"mean":NaN}}',
  ])('are the reason for which %s is dropped', (text) => {
    expect(decodeText(text)).toEqual({
      kind: 'dropped',
      reason: 'not valid JSON: it has NaN or Infinity for a number',
    });
  });

  it.each([
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":NaN',
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":nan}',
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":"NaN}',
    '[NaN]',
  ])('drops %s', (text) => {
    expect(decodeText(text)).toEqual({ kind: 'dropped', reason: 'not valid JSON' });
  });
});
