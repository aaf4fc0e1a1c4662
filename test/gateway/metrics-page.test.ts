import { get } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { hashToken } from '../../src/gateway/tokens.ts';
import { startGateway } from './harness.ts';

type Options = NonNullable<Parameters<typeof startGateway>[0]>;

const TOKENS = (['worker', 'read'] as const).map((role) => ({
  name: role,
  role,
  sha256: hashToken(`token of ${role}`),
}));

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

async function ask(
  options: Options,
  headers: Readonly<Record<string, string>> = {},
  path = '/metrics',
): Promise<{ readonly status: number; readonly type: string | undefined; readonly body: string }> {
  const { gateway, port } = await startGateway({
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('iii_workers 2\n') },
    ...options,
  });
  stopping.push(() => gateway.stop());
  const [response] = (await once(get({ host: '127.0.0.1', port, path, headers }), 'response')) as [
    {
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string>>;
      setEncoding(name: string): void;
    } & AsyncIterable<string>,
  ];
  response.setEncoding('utf8');
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, type: response.headers['content-type'], body };
}

it('shows the metrics to everybody when there are no tokens', async () => {
  const expected = { status: 200, type: 'text/plain', body: 'iii_workers 2\n' };
  expect(await ask({})).toEqual(expected);
  expect(await ask({}, {}, '/metrics?name=x')).toEqual(expected);
});

it.each([
  ['no token', {}, 401],
  ['a token that is none', { authorization: 'Bearer wrong' }, 401],
  ['a token of a worker', { authorization: 'Bearer token of worker' }, 401],
  ['a token that may not read', { authorization: `Basic ${btoa('iii:token of worker')}` }, 403],
  ['a token that may read', { authorization: `Basic ${btoa('iii:token of read')}` }, 200],
  ['a Host that is not ours', { host: 'evil.example' }, 403],
  ['a page of another origin', { origin: 'https://evil.example' }, 403],
] as const)('answers %s', async (_, headers, status) => {
  const tokens = 'host' in headers || 'origin' in headers ? [] : TOKENS;
  const answer = await ask({ tokens }, headers);
  expect(answer.status).toBe(status);
  expect(answer.body).toBe(status === 200 ? 'iii_workers 2\n' : '');
});

it('answers 500 when they cannot be read', async () => {
  const metrics = { contentType: 'text/plain', text: () => Promise.reject(new Error('closed')) };
  expect(await ask({ metrics })).toMatchObject({ status: 500, body: '' });
});

it('asks for an upgrade everywhere else', async () => {
  expect((await ask({}, {}, '/metric')).status).toBe(426);
});
