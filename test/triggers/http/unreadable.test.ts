import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startHttp } from './harness.ts';

/** Everything the server answers until it closes the connection; sends the second text behind the first answer. */
function exchange(port: number, text: string, second?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
    });
    socket.setEncoding('latin1').on('data', (chunk) => {
      if (answer === '' && second !== undefined) socket.write(second);
      answer += chunk.toString();
    });
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', reject);
  });
}

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
}

describe('what is no request', () => {
  it.each([
    { what: 'garbage', text: 'hello\r\n\r\n', status: 400, code: 'INVALID_REQUEST' },
    {
      what: 'a length and chunks',
      text: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      status: 400,
      code: 'INVALID_REQUEST',
    },
    {
      what: 'a header of 20 kB',
      text: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      status: 431,
      code: 'HEADERS_TOO_LARGE',
    },
    {
      what: 'no Host',
      text: 'GET / HTTP/1.1\r\n\r\n',
      status: 400,
      code: 'INVALID_REQUEST',
    },
  ])('is answered with a body that says so: $what', async ({ text, status, code }) => {
    const { port } = await startHttp();
    const answer = await exchange(port, text);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('Connection: close');
    expect(bodyOf(answer)).toMatchObject({ error: { code } });
  });

  it('is answered behind an earlier request that has its answer', async () => {
    const { port } = await startHttp();
    const request = 'GET /none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const answer = await exchange(port, request, 'hello\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 404 ');
    expect(answer).toContain('HTTP/1.1 400 ');
    expect(answer).toContain('INVALID_REQUEST');
  });

  it('cuts the connection while an earlier request waits for its answer', async () => {
    const { port, serve } = await startHttp();
    serve({ api_path: '/slow', http_method: 'GET' }, () => undefined);
    const request = 'GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    expect(await exchange(port, `${request}hello\r\n\r\n`)).toBe('');
  });
});

describe('a body that ends in nonsense', () => {
  const head =
    'POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Type: ';

  it.each(['application/json', 'text/plain'])('is answered as no request: %s', async (type) => {
    const { port, serve } = await startHttp();
    serve({ api_path: '/orders', http_method: 'POST' }, () => undefined);
    const answer = await exchange(port, `${head}${type}\r\n\r\n5\r\n{"a":\r\nzz\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('Connection: close');
    expect(bodyOf(answer)).toMatchObject({ error: { code: 'INVALID_REQUEST' } });
  });

  it('cuts the connection while an earlier request waits for its answer', async () => {
    const { port, serve } = await startHttp();
    serve({ api_path: '/slow', http_method: 'GET' }, () => undefined);
    serve({ api_path: '/orders', http_method: 'POST' }, () => undefined);
    const slow = 'GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    expect(await exchange(port, `${slow}${head}text/plain\r\n\r\nzz\r\n`)).toBe('');
  });
});

describe('a body that waits to be asked for', () => {
  const head = (length: number): string =>
    'POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nExpect: 100-continue\r\n' +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

  it('is refused without being asked for when it is too long', async () => {
    const { port, serve } = await startHttp();
    serve({ api_path: '/orders', http_method: 'POST' }, () => undefined);
    const answer = await exchange(port, head(2_000_000));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(bodyOf(answer)).toMatchObject({ error: { code: 'BODY_TOO_LARGE' } });
  });

  it('is asked for and read when it is short enough', async () => {
    const { port, serve } = await startHttp();
    serve({ api_path: '/orders', http_method: 'POST' }, ({ data }) => ({
      result: { body: (data as { body: unknown }).body },
    }));
    const answer = await exchange(port, head(7), '{"n":1}');
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(answer).toContain('{"n":1}');
  });
});
