import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import {
  PYTHON_EXAMPLES,
  type PythonExample,
  type RunningExample,
} from '../support/python-examples.ts';
import {
  installPythonSdk,
  PYTHON_VERSIONS,
  PythonProcess,
  type PythonSdk,
} from '../support/python-sdk.ts';
import { RawClient } from '../support/raw-client.ts';

const WORKER = fileURLToPath(new URL('../support/python-worker.py', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const INSTALL_MS = 150_000;
const CONFIG = JSON.stringify({
  workers: [
    { name: 'iii-http' },
    {
      name: 'iii-queue',
      config: {
        queue_configs: {
          mail: { max_retries: 3, backoff_ms: 30 },
          payment: { type: 'fifo', message_group_field: 'account' },
        },
      },
    },
  ],
});

interface Outcome {
  readonly result?: unknown;
  readonly error?: string;
}

describe.each(PYTHON_VERSIONS)('iii-sdk %s for Python', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'iii-python-'));
  let sdk: PythonSdk;
  let engine: EngineProcess;
  let python: PythonProcess;
  let observer: RawClient;

  beforeAll(async () => {
    sdk = await installPythonSdk(version, folder);
    if (sdk.kind === 'missing') return;
    engine = await EngineProcess.start({ config: CONFIG });
    python = new PythonProcess(WORKER, sdk.folder, engine.url);
    observer = await RawClient.connect(engine.url);
    await offered(observer, 'py::calls');
  }, INSTALL_MS);
  beforeEach(({ skip }) => {
    if (sdk.kind === 'missing') skip(sdk.reason);
  });
  afterAll(async () => {
    if (sdk.kind === 'installed') {
      observer.terminate();
      expect(await python.stop(), python.printed).toBe(0);
      await engine.close();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const trigger = (function_id: string, payload: unknown, action?: string): Promise<Outcome> =>
    observer.call('py::trigger', { function_id, payload, action });
  const bind = (type: string, function_id: string, config: object): Promise<unknown> =>
    observer.call('py::bind', { type, function_id, config });
  const calls = (function_id: string): Promise<unknown[]> =>
    observer.call('py::calls', { function_id });
  const receiptOf = ({ result, error }: Outcome): string => {
    expect(error).toBeUndefined();
    return (result as { messageReceiptId: string }).messageReceiptId;
  };
  const ended = (id: string): Promise<unknown> =>
    observer.call('iii::job::wait', { id, timeoutMs: 8_000 });

  it('answers calls, and calls itself, with payloads unchanged', async () => {
    const payload = { text: 'héllo 🚀', list: [1, null, { deep: true }], n: 1.5 };
    expect(await observer.call('py::echo', payload)).toEqual(payload);
    expect(await trigger('py::echo', payload)).toEqual({ result: payload });
    const big = '{"n":12345678901234567890,"one":1.0}';
    expect((await observer.invoke('py::echo', big)).text).toContain('12345678901234567890');
  });

  it('calls without waiting', async () => {
    const before = (await calls('py::echo')).length;
    expect(await trigger('py::echo', { v: 1 }, 'void')).toEqual({ result: null });
    await eventually(async () => (await calls('py::echo')).length === before + 1);
  });

  it('enqueues and gets a receipt, or an error that says enqueue_error and why', async () => {
    const id = receiptOf(await trigger('py::echo', { account: 'a', n: 1 }, 'payment'));
    expect(await ended(id)).toMatchObject({ id, state: 'completed', attempts: 1 });
    const { error } = await trigger('py::echo', { n: 1 }, 'payment');
    expect(error).toMatch(/enqueue_error.*'account'/s);
    expect((await trigger('py::echo', {}, 'nowhere')).error).toMatch(/enqueue_error.*nowhere/s);
    expect((await trigger('no::such', {})).error).toContain('function_not_found');
  });

  it.each([
    [undefined, 'serialization_error'],
    ['mail', 'enqueue_error'],
  ])('is told at once that NaN cannot be sent, with action %s', async (action, code) => {
    const request = { function_id: 'py::echo', payload: {}, action, nan: true };
    const before = (await calls('py::echo')).length;
    const { error } = await observer.call<Outcome>('py::trigger', request);
    expect(error).toMatch(new RegExp(`${code}.*NaN`, 's'));
    expect(await calls('py::echo')).toHaveLength(before);
  });

  it('tries again what raised, until it returns', async () => {
    const id = receiptOf(await trigger('py::fail-twice', { n: 7 }, 'mail'));
    expect(await ended(id)).toMatchObject({ state: 'completed', attempts: 3 });
    expect(await calls('py::fail-twice')).toEqual([{ n: 7 }, { n: 7 }, { n: 7 }]);
  });

  it('has its error in the dead letter, which comes back by redrive', async () => {
    const id = receiptOf(await trigger('py::fail', {}, 'mail'));
    expect(await ended(id)).toMatchObject({ state: 'dead', attempts: 3 });
    const { jobs } = await observer.call<{ jobs: unknown[] }>('iii::dlq::list', { queue: 'mail' });
    expect(jobs).toMatchObject([
      { id, reason: 'exhausted', error: { message: 'welcome.txt is missing' } },
    ]);
    const redrive = await trigger('iii::queue::redrive', { queue: 'mail' });
    expect(redrive).toMatchObject({ result: { queue: 'mail', redriven: 1 } });
    await eventually(async () => (await calls('py::fail')).length === 6);
  });

  it('subscribes to topics under both names, with a condition, and publishes under all three', async () => {
    const condition = { topic: 'orders', condition_function_id: 'py::is-urgent' };
    await bind('queue', 'py::on-order', { topic: 'orders' });
    await bind('durable:subscriber', 'py::on-urgent', condition);
    const high = { id: 1, priority: 'high' };
    const low = { id: 2, priority: 'low' };
    const publish = (name: string, data: object): Promise<Outcome> =>
      trigger(name, { topic: 'orders', data });
    // A binding is on its way when Python's register_trigger returns; the engine reads in order.
    await calls('py::on-order');
    expect(await publish('enqueue', high)).toEqual({ result: null });
    await publish('queue.enqueue', low);
    await publish('iii::durable::publish', high);
    await eventually(async () => (await calls('py::on-order')).length === 3);
    await eventually(async () => (await calls('py::on-urgent')).length === 2);
    expect(await calls('py::on-urgent')).toEqual([high, high]);
    expect(await trigger('queue.dlq_count', { topic: 'orders' })).toEqual({ result: 0 });
  });

  it('keeps state and hears of its changes', async () => {
    await bind('state', 'py::on-state', { scope: 'users' });
    const at = { scope: 'users', key: '7' };
    const ops = [{ type: 'increment', path: 'n', by: 1 }];
    await trigger('state::set', { ...at, value: { n: 1 } });
    expect(await trigger('state::update', { ...at, ops })).toEqual({
      result: { old_value: { n: 1 }, new_value: { n: 2 } },
    });
    expect(await trigger('state::get', at)).toEqual({ result: { n: 2 } });
    await trigger('state::delete', at);
    await eventually(async () => (await calls('py::on-state')).length === 3);
    expect(await calls('py::on-state')).toEqual([
      ['state:created', { n: 1 }],
      ['state:updated', { n: 2 }],
      ['state:deleted', null],
    ]);
  });

  it('answers HTTP requests with what it enqueued, and no more once unregistered', async () => {
    const config = { api_path: '/orders/:id', http_method: 'POST' };
    await bind('http', 'py::create-order', config);
    const post = (): Promise<Response> =>
      fetch(`${engine.ready.httpUrl ?? ''}/orders/9?shop=north`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"account":"b","total":5}',
      });
    const response = await eventually(async () => {
      const answer = await post();
      return answer.status === 201 && answer;
    });
    expect(response.headers.get('x-shop')).toBe('north');
    const { id, receiptId } = (await response.json()) as { id: string; receiptId: string };
    expect(id).toBe('9');
    expect(await ended(receiptId)).toMatchObject({ state: 'completed', queue: 'payment' });
    await observer.call('py::unbind', { function_id: 'py::create-order' });
    await eventually(async () => (await post()).status === 404);
  });

  it('is called by cron, until unregistered', async () => {
    await bind('cron', 'py::on-tick', { expression: '* * * * * *' });
    await eventually(async () => (await calls('py::on-tick')).includes('cron'));
    await observer.call('py::unbind', { function_id: 'py::on-tick' });
  });

  it('comes back by itself after the engine was killed', async () => {
    const { port } = engine;
    engine.kill('SIGKILL');
    await engine.exited;
    await engine.close();
    engine = await EngineProcess.start({ config: CONFIG, port });
    observer.terminate();
    observer = await RawClient.connect(engine.url);
    await offered(observer, 'py::calls');
    const id = receiptOf(await trigger('py::echo', { account: 'c' }, 'payment'));
    expect(await ended(id)).toMatchObject({ state: 'completed' });
    await trigger('enqueue', { topic: 'orders', data: { id: 3, priority: 'low' } });
    await eventually(async () => (await calls('py::on-order')).length === 4);
  });

  const examples = PYTHON_EXAMPLES.filter(({ versions }) => versions.includes(version));
  it.for(examples)('runs the example $name', async (example) => {
    if (sdk.kind === 'installed') await runExample(example, sdk.folder);
  });
});

describe('the examples in Python', () => {
  it('are all run here, and say with which versions', () => {
    const folders = readdirSync(EXAMPLES).filter((name) =>
      readdirSync(join(EXAMPLES, name)).includes('worker.py'),
    );
    expect(folders.toSorted()).toEqual(PYTHON_EXAMPLES.map(({ name }) => name).toSorted());
    for (const { name, versions } of PYTHON_EXAMPLES) {
      const text = readFileSync(join(EXAMPLES, name, 'worker.py'), 'utf8');
      const head = text.slice(0, text.indexOf('import '));
      expect(new Set(head.match(/\d+\.\d+\.\d+/g)), name).toEqual(new Set(versions));
    }
  });
});

/** The last function that a worker registers is there. */
async function offered(client: RawClient, wanted: string): Promise<void> {
  await eventually(async () => {
    const { functions } = await client.call<{ functions: { functionId: string }[] }>(
      'iii::function::list',
    );
    return functions.some(({ functionId }) => functionId === wanted);
  });
}

async function runExample(example: PythonExample, sdkFolder: string): Promise<void> {
  const folder = join(EXAMPLES, example.name);
  const config = readFileSync(join(folder, 'iii-config.yaml'), 'utf8');
  const engine = await EngineProcess.start({ config });
  const python = new PythonProcess(join(folder, 'worker.py'), sdkFolder, engine.url);
  const client = await RawClient.connect(engine.url);
  try {
    await offered(client, example.offers);
    await example.proves(running(engine, client));
  } finally {
    client.terminate();
    await python.stop();
    await engine.close();
  }
}

function running(engine: EngineProcess, client: RawClient): RunningExample {
  return {
    call: (functionId, data) => client.call(functionId, data),
    post: async (path, body) => {
      const response = await fetch(`${engine.ready.httpUrl ?? ''}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
    completed: (queue, jobs) =>
      eventually(async () => {
        const { queues } = await client.call<{
          queues: { name: string; totals: { completed: number } }[];
        }>('iii::queue::list');
        return queues.find((one) => one.name === queue)?.totals.completed === jobs;
      }),
  };
}
