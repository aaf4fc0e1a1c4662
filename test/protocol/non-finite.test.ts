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
    '{"type":"invokefunction","function_id":"f","data":NaN}',
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":NaN',
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":nan}',
    '{"type":"invocationresult","invocation_id":"i","function_id":"f","result":"NaN}',
    '[NaN]',
  ])('drops %s', (text) => {
    expect(decodeText(text)).toEqual({ kind: 'dropped', reason: 'not valid JSON' });
  });
});
