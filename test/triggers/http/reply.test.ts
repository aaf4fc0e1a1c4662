import { describe, expect, it } from 'vitest';
import { readReply } from '../../../src/triggers/http/reply.ts';

const JSON_TYPE = ['content-type', 'application/json'];

describe('what a function returned as an answer', () => {
  it.each([
    ['{}', 200, '{}'],
    ['{"other":1}', 200, '{}'],
    ['[1]', 200, '{}'],
    ['"text"', 200, '{}'],
    [
      '{"body":{"n": 12345678901234567890, "__proto__": 1.0}}',
      200,
      '{"n": 12345678901234567890, "__proto__": 1.0}',
    ],
    ['{"status_code":404,"body":"no"}', 404, '"no"'],
    ['{"status_code":null,"body":null}', 200, 'null'],
  ])('%s is %i with JSON', (result, status, body) => {
    expect(readReply(result)).toEqual({ status, headers: [JSON_TYPE], body });
  });

  it.each([
    ['"<p>hi</p>"', '<p>hi</p>'],
    ['null', ''],
    ['{"a":1}', '{"a":1}'],
  ])('has the body %s as it is with a content type of its own', (body, text) => {
    const result = `{"headers":{"Content-Type":"text/html"},"body":${body}}`;
    expect(readReply(result)).toMatchObject({
      headers: [['Content-Type', 'text/html']],
      body: text,
    });
  });

  it('takes headers as an object or as lines, of which one name may come twice', () => {
    const object = '{"headers":{"x-n":7,"x-on":true,"x-none":null,"set-cookie":["a=1","b=2"]}}';
    expect(readReply(object)).toMatchObject({
      headers: [JSON_TYPE, ['x-n', '7'], ['x-on', 'true'], ['set-cookie', ['a=1', 'b=2']]],
    });
    expect(readReply('{"headers":["X-A: b:c ","Set-Cookie: a=1","set-cookie:b=2"]}')).toMatchObject(
      {
        headers: [JSON_TYPE, ['x-a', 'b:c'], ['set-cookie', ['a=1', 'b=2']]],
      },
    );
  });

  it('leaves out headers that would break the connection', () => {
    const headers = { 'Content-Length': '1', 'transfer-encoding': 'chunked', Connection: 'close' };
    expect(readReply(JSON.stringify({ headers }))).toMatchObject({ headers: [JSON_TYPE] });
  });

  it.each([
    [{ status_code: 99 }, 'status_code'],
    [{ status_code: 101 }, 'status_code'],
    [{ status_code: 600 }, 'status_code'],
    [{ status_code: 200.5 }, 'status_code'],
    [{ status_code: '200' }, 'status_code'],
    [{ headers: 'x: y' }, 'headers'],
    [{ headers: ['no colon'] }, 'Name: value'],
    [{ headers: { 'x-a': {} } }, 'x-a'],
    [{ headers: { 'x-a': 'line\nSet-Cookie: evil=1' } }, 'x-a'],
    [{ headers: { 'x a': '1' } }, 'x a'],
    [{ headers: { 'x-a': '\u0001' } }, 'x-a'],
    [{ headers: { 'x-a': ['ok', '\r'] } }, 'x-a'],
  ])('%j cannot be sent, and %s is named', (result, part) => {
    expect(readReply(JSON.stringify(result))).toEqual(expect.stringContaining(part));
  });
});
