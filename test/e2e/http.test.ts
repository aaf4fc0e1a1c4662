import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnvironment, EngineProcess } from '../support/engine-process.ts';
import { eventually, within } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALL_SDKS, SDK_VERSIONS, type SdkVersion } from '../support/sdk-worker.ts';

const MAIN = fileURLToPath(new URL('../support/http-worker-main.mjs', import.meta.url));

/** A worker process whose functions answer HTTP requests. */
async function startWorker(sdk: SdkVersion, url: string): Promise<ChildProcess> {
  const argument = JSON.stringify({ ...sdk, url });
  const child = fork(MAIN, [argument], { env: cleanEnvironment(), execArgv: [], silent: true });
  let stderr = '';
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  await within(once(child, 'message'), 15_000, 'the worker').catch((cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`the worker did not start: ${stderr}`, { cause });
  });
  return child;
}

describe.each(ALL_SDKS)('HTTP triggers of $name', (sdk) => {
  let engine: EngineProcess;
  let worker: ChildProcess;

  beforeAll(async () => {
    engine = await EngineProcess.start({ durable: true });
    worker = await startWorker(sdk, engine.url);
  });
  afterAll(async () => {
    worker.kill('SIGKILL');
    await engine.close();
  });

  const ask = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${String(engine.ready.httpUrl)}${path}`, init);

  it('enqueue what was posted and answer with the receipt', async () => {
    const response = await ask('/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"amount":7}',
    });
    expect(response.status).toBe(202);
    expect(response.headers.get('x-order')).toBe('taken');
    const { messageReceiptId: id } = (await response.json()) as { messageReceiptId: string };
    const observer = await RawClient.connect(engine.url);
    expect(await observer.call('iii::job::wait', { id })).toMatchObject({ state: 'completed' });
    observer.terminate();
  });

  it('get the parts of path and query', async () => {
    const response = await ask('/price/a%20b?currency=CHF&x=1');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id: 'a%20b', currency: 'CHF' });
  });

  it('stream an answer', async () => {
    const response = await ask('/report');
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/plain');
    const lines = (await response.text()).split('\n');
    expect(lines.length).toBe(1_001);
    expect(lines.at(-1)).toBe('end');
  });

  it.each([
    ['text/csv', Buffer.alloc(900_000, 'x'), { length: 900_000, last: 120, body: null }],
    ['application/json', '{"a":1}', { length: 7, last: 125, body: { a: 1 } }],
  ])('read a body of %s as a stream', async (type, body, expected) => {
    const init = { method: 'PUT', headers: { 'content-type': type }, body };
    expect(await (await ask('/upload', init)).json()).toEqual(expected);
  });

  it('are skipped by a condition', async () => {
    expect((await ask('/guarded?may=no')).status).toBe(422);
    expect(await (await ask('/guarded?may=yes')).json()).toBe('in');
  });

  it('answer 500 when the function throws, and 200 when it returns nothing', async () => {
    const failed = await ask('/failing');
    expect(failed.status).toBe(500);
    expect(await failed.json()).toMatchObject({
      error: { code: 'invocation_failed', message: 'boom', error_id: expect.any(String) },
    });
    expect(await (await ask('/nothing')).json()).toEqual({});
  });

  it('pass bytes from one function to another through a channel', async () => {
    expect(await (await ask('/piped')).json()).toEqual({ text: 'through a channel', filled: true });
  });

  it('refuse what is not JSON although it says so', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await ask('/orders', { method: 'POST', headers, body: 'amount=7' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_JSON' } });
  });

  it('are there again, with their streams, after the engine was killed', async () => {
    engine = await engine.killAndRestart();
    await eventually(async () => (await ask('/price/1')).status === 200);
    const report = await ask('/report');
    expect((await report.text()).split('\n')).toHaveLength(1_001);
    const upload = { method: 'PUT', body: Buffer.alloc(300_000, 'y') };
    expect(await (await ask('/upload', upload)).json()).toMatchObject({ length: 300_000 });
    expect(await (await ask('/piped')).json()).toMatchObject({ text: 'through a channel' });
  });

  it('are gone when unregistered, and the others when their worker is', async () => {
    expect((await ask('/leaving')).status).toBe(200);
    worker.send('unregister');
    await once(worker, 'message');
    expect((await ask('/leaving')).status).toBe(404);
    worker.kill('SIGKILL');
    await eventually(async () => (await ask('/price/1')).status === 404);
  });
});

describe('a function that writes, ends and closes in one go', () => {
  it('loses nothing with SDK 0.22, which opens a second connection for the rest', async () => {
    const engine = await EngineProcess.start();
    const worker = await startWorker(SDK_VERSIONS.at(-1)!, engine.url);
    const response = await fetch(`${String(engine.ready.httpUrl)}/hasty`);
    expect(await response.text()).toBe('hello world');
    worker.kill('SIGKILL');
    await engine.close();
  });
});

it('an HTTP port in use is an error that names the option', async () => {
  const engine = await EngineProcess.start();
  const port = new URL(String(engine.ready.httpUrl)).port;
  const failed = await EngineProcess.startAndFail({ args: ['--http-port', port] });
  expect(failed.code).toBe(7);
  expect(`${failed.stdout}${failed.stderr}`).toContain('--http-port');
  await engine.close();
});
