import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli-process.ts';
import { engineConfig, testToken } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';

const TOKENS = {
  worker: testToken('worker'),
  read: testToken('read'),
  operate: testToken('operate'),
  admin: testToken('admin'),
};
type Role = keyof typeof TOKENS;
const ROLES = Object.keys(TOKENS) as Role[];
const TOKEN_LIST = { auth: { tokens: ROLES.map((role) => TOKENS[role].entry) } };

describe('an engine without tokens', () => {
  let engine: EngineProcess;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: engineConfig({ pay: {} }) });
  });
  afterAll(() => engine.close());

  it.each([
    ['a web page', { origin: 'https://evil.example' }],
    ['a page of this machine', { origin: 'http://localhost:8080' }],
    ['a page without a name', { origin: 'null' }],
    ['a name that points here', { headers: { host: 'evil.example' } }],
    ['a name that begins like this machine', { headers: { host: 'localhost.evil.example' } }],
    ['an address of elsewhere', { headers: { host: '10.0.0.1:49134' } }],
  ])('refuses %s with 403', async (_, options) => {
    expect(await RawClient.refused(engine.url, options)).toBe(403);
  });

  it.each([['localhost'], ['localhost:1234'], ['127.0.0.1:49134'], ['[::1]:49134'], ['127.8.8.8']])(
    'takes the Host %s',
    async (host) => {
      const client = await RawClient.connect(engine.url, { headers: { host } });
      client.terminate();
    },
  );

  it('serves the paths of every SDK and no other', async () => {
    for (const path of ['/', '/otel', '/base/', '/base/otel', '/?x=1']) {
      const client = await RawClient.connect(engine.url, { path });
      client.terminate();
    }
    expect(await RawClient.refused(engine.url, { path: '/health' })).toBe(404);
  });

  it('says nothing on the telemetry path and offers no session there', async () => {
    const client = await RawClient.connect(engine.url, { path: '/otel' });
    client.send({ type: 'registerfunction', id: 'by::telemetry' });
    client.send({ type: 'invokefunction', invocation_id: 'x', function_id: 'iii::queue::list' });
    client.sendBytes(new TextEncoder().encode('OTLP{}'));
    const other = await RawClient.connect(engine.url);
    await other.settled();
    expect((await other.invoke('by::telemetry', '{}')).error?.code).toBe('function_not_found');
    expect(client.texts).toEqual([]);
    client.terminate();
    other.terminate();
  });

  it('answers a plain HTTP request without serving it', async () => {
    const response = await fetch(engine.url.replace('ws:', 'http:'));
    expect(response.status).toBe(426);
  });
});

describe('an engine with tokens', () => {
  let engine: EngineProcess;

  beforeAll(async () => {
    engine = await EngineProcess.start({ config: engineConfig({ pay: {} }, TOKEN_LIST) });
  });
  afterAll(() => engine.close());

  it('refuses a wrong token with 401 before the upgrade', async () => {
    expect(await RawClient.refused(engine.url, { token: 'wrong' })).toBe(401);
    const { token } = TOKENS.admin;
    expect(await RawClient.refused(engine.url, { token: `${token}x` })).toBe(401);
    const { entry } = TOKENS.admin;
    expect(await RawClient.refused(engine.url, { token: String(entry['hash']) })).toBe(401);
  });

  it('takes a token as a header, a sub-protocol or the first frame', async () => {
    const { token } = TOKENS.admin;
    const byHeader = await RawClient.connect(engine.url, { token });
    const byProtocol = await RawClient.connect(engine.url, { protocol: `iii-token.${token}` });
    const byFrame = await RawClient.connect(engine.url);
    expect(byFrame.texts).toEqual([]);
    byFrame.send({ type: 'auth', token });
    for (const client of [byHeader, byProtocol, byFrame]) {
      await eventually(() => client.frames[0]?.['type'] === 'workerregistered');
      expect((await client.invoke('iii::queue::list', '{}')).error).toBeUndefined();
      client.terminate();
    }
  });

  it.each([
    ['a wrong token', { type: 'auth', token: 'wrong' }],
    [
      'another frame',
      { type: 'invokefunction', invocation_id: 'x', function_id: 'iii::queue::list' },
    ],
    ['a registration', { type: 'registerfunction', id: 'sneaky' }],
    ['a long frame', { type: 'auth', token: 'x'.repeat(5_000) }],
  ])('%s as the first frame ends the connection with AUTH_ERROR', async (_, frame) => {
    const client = await RawClient.connect(engine.url);
    client.send(frame);
    expect((await client.whenClosed()).code).toBe(1008);
    expect(client.frames).toHaveLength(1);
    expect(client.frames[0]).toMatchObject({ type: 'error', error: { code: 'AUTH_ERROR' } });
  });

  it('a peer that says nothing is closed after five seconds', async () => {
    const client = await RawClient.connect(engine.url);
    expect((await client.whenClosed()).code).toBe(1008);
  });

  const ALLOWED: Readonly<Record<string, readonly Role[]>> = {
    'iii::queue::list': ['read', 'operate', 'admin'],
    'iii::queue::get': ['read', 'operate', 'admin'],
    'iii::job::list': ['read', 'operate', 'admin'],
    'iii::dlq::list': ['read', 'operate', 'admin'],
    'iii::worker::list': ['read', 'operate', 'admin'],
    'iii::queue::pause': ['operate', 'admin'],
    'iii::queue::resume': ['operate', 'admin'],
    'iii::dlq::redrive': ['operate', 'admin'],
    'iii::queue::redrive': ['operate', 'admin'],
    'engine::queue::dlq_topics': ['read', 'operate', 'admin'],
    'engine::queue::enqueue': ['worker', 'operate', 'admin'],
    'iii::queue::enqueue_batch': ['worker', 'operate', 'admin'],
    'no::such::function': ['worker', 'operate', 'admin'],
  };
  it.each(ROLES.flatMap((role) => Object.keys(ALLOWED).map((id) => [role, id] as const)))(
    'role %s calling %s',
    async (role, id) => {
      const client = await RawClient.connect(engine.url, { token: TOKENS[role].token });
      const { error } = await client.invoke(id, '{"queue":"pay"}');
      const isForbidden = error?.code === 'FORBIDDEN';
      expect(isForbidden).toBe(ALLOWED[id]?.includes(role) === false);
      client.terminate();
    },
  );

  it.each(ROLES)('role %s registering and enqueueing', async (role) => {
    const client = await RawClient.connect(engine.url, { token: TOKENS[role].token });
    const id = `by::${role}`;
    client.offer(id, () => ({}));
    const enqueued = await client.enqueue('pay', id);
    expect(enqueued.error?.code).toBe(role === 'read' ? 'FORBIDDEN' : undefined);
    const admin = await RawClient.connect(engine.url, { token: TOKENS.admin.token });
    const called = await admin.invoke(id, '{}');
    const mayRegister = role === 'worker' || role === 'admin';
    expect(called.error?.code).toBe(mayRegister ? undefined : 'function_not_found');
    client.terminate();
    admin.terminate();
  });

  it('a frame beyond the role changes nothing and keeps the connection', async () => {
    const reader = await RawClient.connect(engine.url, { token: TOKENS.read.token });
    const { error } = await reader.invoke('iii::queue::pause', '{"queue":"pay"}');
    expect(error).toMatchObject({ code: 'FORBIDDEN' });
    const { queues } = await reader.call<{ queues: { name: string; paused: boolean }[] }>(
      'iii::queue::list',
    );
    expect(queues.find(({ name }) => name === 'pay')?.paused).toBe(false);
    reader.terminate();
  });

  it('the command line ends with 4 without a token, with a wrong one, and with too small a role', async () => {
    const none = await runCli(['queue', 'list'], { engine });
    expect(none).toMatchObject({ code: 4, stdout: '' });
    expect(none.stderr).toContain('III_TOKEN');
    const wrong = await runCli(['queue', 'list'], { engine, env: { III_TOKEN: 'wrong' } });
    expect(wrong).toMatchObject({ code: 4, stdout: '' });
    expect(wrong.stderr).not.toContain('wrong\n');
    const reader = { engine, env: { III_TOKEN: TOKENS.read.token } };
    expect((await runCli(['queue', 'list'], reader)).code).toBe(0);
    const denied = await runCli(['queue', 'pause', 'pay', '-o', 'json'], reader);
    expect(denied.code).toBe(4);
    expect(JSON.parse(denied.stderr)).toMatchObject({ error: { code: 'FORBIDDEN' } });
  });

  it('never prints a token, not even with --debug', async () => {
    const secret = 'a-very-secret-token-0123456789abcdef';
    const result = await runCli(['queue', 'list', '--debug'], {
      engine,
      env: { III_TOKEN: secret },
    });
    expect(result.stdout + result.stderr).not.toContain(secret);
    expect(engine.stderr).not.toContain(secret);
    for (const role of ROLES) expect(engine.stderr).not.toContain(TOKENS[role].token);
  });
});

describe('binding beyond this machine', () => {
  const args = ['--host', '0.0.0.0'];

  it('is refused without a token, with the lines that would allow it', async () => {
    const { code, stdout, stderr } = await EngineProcess.startAndFail({ args });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const { error } = JSON.parse(stderr.trim().split('\n').at(-1)!) as {
      error: { hint: string; message: string };
    };
    expect(JSON.stringify(error)).toMatch(/token/);
  });

  it('is allowed with a token, and with --insecure and a warning', async () => {
    const safe = await EngineProcess.start({ args, config: engineConfig({}, TOKEN_LIST) });
    await safe.close();
    const unsafe = await EngineProcess.start({ args: [...args, '--insecure'] });
    await eventually(() => /insecure|without a token/i.test(unsafe.stderr));
    await unsafe.close();
  });
});
