import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliJson, runCli } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { EngineProcess } from '../support/engine-process.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('the machine output that scripts depend on', () => {
  let engine: EngineProcess;
  let worker: RawClient;
  let isMended = false;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({
        mail: { max_retries: 2, backoff_ms: 5 },
        lane: { type: 'fifo', message_group_field: 'account', max_retries: 1 },
        idle: {},
      }),
    });
    worker = await RawClient.connect(engine.url);
    worker.offer('work', () => {
      if (isMended) return { result: { ok: true } };
      return { error: { code: 'E_SMTP', message: 'mailbox full', stacktrace: 'at smtp' } };
    });
    worker.offer('price', ({ data }) => ({ result: { echo: data, cents: 5 } }));
    await worker.settled();
  });
  afterAll(async () => {
    worker.terminate();
    await engine.close();
  });

  const json = <Value>(...args: string[]): Promise<Value> => cliJson<Value>(args, { engine });
  const enqueue = async (queue: string, functionId: string, ...more: string[]): Promise<string> => {
    const args = ['enqueue', queue, '--function', functionId, ...more];
    return (await json<{ messageReceiptId: string }>(...args)).messageReceiptId;
  };
  const end = (id: string): Promise<Frame> =>
    worker.call('iii::job::wait', { id, timeoutMs: 5_000 });

  it('enqueue: the receipt', async () => {
    const receipt = await json('enqueue', 'idle', '--function', 'nobody', '--data', '{"a":1}');
    expect(receipt).toEqual({
      messageReceiptId: expect.stringMatching(UUID),
      queue: 'idle',
      functionId: 'nobody',
    });
  });

  it('enqueue --ndjson: one receipt per line, bad lines by number on stderr, status 3', async () => {
    const text = '{"n":1}\n\n{bad\n{"n":9007199254740993}\r\n[1]\nnope\n{"n":3}';
    const args = ['enqueue', 'idle', '--function', 'nobody', '--ndjson', '-', '-o', 'json'];
    const result = await runCli(args, { engine, stdin: { kind: 'pipe', text } });
    expect(result.code).toBe(3);
    const receipts = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Frame);
    expect(receipts).toHaveLength(4);
    for (const receipt of receipts) {
      expect(receipt).toEqual({
        messageReceiptId: expect.stringMatching(UUID),
        queue: 'idle',
        functionId: 'nobody',
      });
    }
    const reports = result.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Frame);
    expect(reports.filter((report) => 'line' in report)).toEqual([
      { line: 3, error: expect.anything() },
      { line: 6, error: expect.anything() },
    ]);
    const { payloadText } = await worker.call('iii::job::get', {
      id: receipts[1]!['messageReceiptId'],
    });
    expect(payloadText).toBe('{"n":9007199254740993}');
  });

  it('enqueue --ndjson of good lines ends with 0, and a line the queue refuses counts as bad', async () => {
    const args = ['enqueue', 'lane', '--function', 'nobody', '--ndjson', '-', '-o', 'json'];
    const good = await runCli(args, { engine, stdin: { kind: 'pipe', text: '{"account":1}\n' } });
    expect(good.code).toBe(0);
    expect(good.stdout.trim().split('\n')).toHaveLength(1);
    const text = '{"account":1}\n{"amount":1}\n';
    const mixed = await runCli(args, { engine, stdin: { kind: 'pipe', text } });
    expect(mixed.code).toBe(3);
    expect(mixed.stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(mixed.stderr.split('\n')[0]!)).toMatchObject({ line: 2 });
  });

  it('trigger: the result and nothing else', async () => {
    const result = await runCli(['trigger', 'price', '--data', '{"n":9007199254740993}'], {
      engine,
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual({ echo: { n: 9007199254740992 }, cents: 5 });
    const pairs = await json('trigger', 'price', 'id=7', 'name=a b', 'list=[1]');
    expect(pairs).toMatchObject({ echo: { id: 7, name: 'a b', list: [1] } });
    const original = await json('trigger', '--function-id', 'price', '--payload', '{"id":1}');
    expect(original).toMatchObject({ echo: { id: 1 } });
    const address = ['--address', '127.0.0.1', '--port', String(engine.port)];
    const elsewhere = { env: { III_URL: 'ws://127.0.0.1:1' }, cwd: engine.folder };
    expect(await cliJson(['trigger', 'price', ...address], elsewhere)).toMatchObject({ cents: 5 });
  });

  it('queue list: every key of every queue', async () => {
    const queues = await json<Frame[]>('queue', 'list');
    expect(queues.map(({ name }) => name).sort()).toEqual(['default', 'idle', 'lane', 'mail']);
    for (const queue of queues) {
      expect(queue).toMatchObject({
        name: expect.any(String),
        type: expect.stringMatching(/^(standard|fifo)$/),
        paused: false,
        waiting: expect.any(Number),
        delayed: expect.any(Number),
        inFlight: expect.any(Number),
        dead: expect.any(Number),
        workers: expect.any(Number),
      });
      expect(queue).toHaveProperty('oldestWaitingMs');
    }
    const idle = queues.find(({ name }) => name === 'idle');
    expect(idle?.['oldestWaitingMs']).toEqual(expect.any(Number));
  });

  it('queue show: settings with maxAttempts, and what it waits for', async () => {
    const idle = await json<Frame>('queue', 'show', 'idle');
    expect(idle).toMatchObject({
      name: 'idle',
      type: 'standard',
      config: { maxAttempts: 3, concurrency: 10, backoffMs: 1000 },
      waitingFor: [{ functionId: 'nobody', jobs: idle['waiting'] }],
    });
    const lane = await json('queue', 'show', 'lane');
    expect(lane).toMatchObject({ type: 'fifo', config: { maxAttempts: 1, groupField: 'account' } });
  });

  it('queue pause and resume', async () => {
    expect(await json('queue', 'pause', 'idle')).toMatchObject({ queue: 'idle', paused: true });
    const [paused] = (await json<Frame[]>('queue', 'list')).filter(({ paused }) => paused === true);
    expect(paused).toMatchObject({ name: 'idle' });
    expect(await json('queue', 'resume', 'idle')).toMatchObject({ queue: 'idle', paused: false });
  });

  it('job show: a waiting, a delayed, a completed and a dead job', async () => {
    const waiting = await json<Frame>('job', 'show', await enqueue('idle', 'nobody'));
    expect(waiting).toMatchObject({ state: 'waiting', attempts: 0, dueAt: null, history: [] });
    expect(waiting['payload']).toEqual({});
    const later = await enqueue('idle', 'nobody', '--delay', '1h', '--priority', '3');
    const delayed = await json('job', 'show', later);
    expect(delayed).toMatchObject({ state: 'delayed', dueAt: expect.stringMatching(RFC_3339) });

    const id = await enqueue('mail', 'work', '--data', '{"to":"a"}');
    await end(id);
    expect(await json('job', 'show', id)).toMatchObject({
      id,
      queue: 'mail',
      functionId: 'work',
      state: 'dead',
      group: null,
      attempts: 2,
      maxAttempts: 2,
      enqueuedAt: expect.stringMatching(RFC_3339),
      dueAt: null,
      payload: { to: 'a' },
      history: [1, 2].map((attempt) => ({
        attempt,
        startedAt: expect.stringMatching(RFC_3339),
        endedAt: expect.stringMatching(RFC_3339),
        outcome: 'failed',
        error: { code: 'E_SMTP', message: 'mailbox full' },
      })),
    });
    await json('dlq', 'discard', 'mail', '--id', id, '--yes');
    expect(await json('job', 'show', id)).toMatchObject({ state: 'discarded' });
  });

  it('dlq list, show, redrive and discard', async () => {
    const first = await enqueue('mail', 'work', '--data', '{"n":1}');
    await end(first);
    const second = await enqueue('mail', 'work', '--data', '{"n":2}');
    await end(second);

    const dead = await json<Frame[]>('dlq', 'list', 'mail');
    expect(dead.map(({ id }) => id)).toEqual([first, second]);
    expect(dead[0]).toMatchObject({
      id: first,
      queue: 'mail',
      functionId: 'work',
      group: null,
      attempts: 2,
      reason: 'exhausted',
      error: { code: 'E_SMTP', message: 'mailbox full' },
      failedAt: expect.stringMatching(RFC_3339),
      payload: { n: 1 },
    });
    expect(await json('dlq', 'show', first)).toMatchObject({ id: first, reason: 'exhausted' });
    const summary = await json<Frame[]>('dlq', 'list');
    expect(summary.find(({ queue }) => queue === 'mail')).toMatchObject({ dead: 2 });

    const plan = await json('dlq', 'redrive', 'mail', '--dry-run');
    expect(plan).toMatchObject({ queue: 'mail', redriven: 2, dryRun: true });
    expect(plan).toHaveProperty('plan');
    expect(await json('dlq', 'list', 'mail')).toHaveLength(2);

    const discarded = await json('dlq', 'discard', 'mail', '--id', second, '--yes');
    expect(discarded).toEqual({ queue: 'mail', discarded: 1 });
    isMended = true;
    const redriven = await json('dlq', 'redrive', 'mail', '--all', '--yes');
    expect(redriven).toEqual({ queue: 'mail', redriven: 1 });
    expect(await end(first)).toMatchObject({ id: first, state: 'completed', attempts: 1 });
    expect(await json('dlq', 'list', 'mail')).toEqual([]);
    expect(await json('dlq', 'redrive', 'mail')).toEqual({ queue: 'mail', redriven: 0 });
    isMended = false;
  });

  it('worker list and function list', async () => {
    const workers = await json<Frame[]>('worker', 'list');
    expect(workers).toMatchObject([{ functions: ['price', 'work'] }]);
    const functions = await json<Frame[]>('function', 'list');
    expect(functions.map(({ functionId }) => functionId)).toEqual(['price', 'work']);
    const all = await json<Frame[]>('function', 'list', '--internal');
    expect(all.map(({ functionId }) => functionId)).toContain('iii::queue::list');
  });

  it('every list is an array, one object per line, names, and YAML', async () => {
    for (const args of [
      ['queue', 'list'],
      ['job', 'list'],
      ['dlq', 'list', 'lane'],
      ['worker', 'list'],
    ]) {
      expect(Array.isArray(await json(...args))).toBe(true);
      const lines = await runCli([...args, '-o', 'ndjson'], { engine });
      expect(lines).toMatchObject({ code: 0 });
      for (const line of lines.stdout.split('\n').filter((text) => text !== '')) {
        expect(Array.isArray(JSON.parse(line))).toBe(false);
      }
      expect((await runCli([...args, '-o', 'yaml'], { engine })).code).toBe(0);
      const named = await runCli([...args, '-o', 'name'], { engine });
      expect(named.stdout).not.toMatch(/[{}:"]\s/);
    }
  });

  it('payloads keep their digits in JSON', async () => {
    const id = await enqueue('idle', 'nobody', '--data', '{"n":9007199254740993,"p":1.0}');
    for (const format of ['json', 'ndjson']) {
      const { stdout } = await runCli(['job', 'show', id, '-o', format], { engine });
      expect(stdout, format).toContain('9007199254740993');
      expect(stdout, format).toContain('1.0');
    }
  });

  it('lists are paged, and --all goes through every page', async () => {
    const text = Array.from({ length: 60 }, (_, n) => `{"n":${n}}`).join('\n');
    const args = ['enqueue', 'idle', '--function', 'paged', '--ndjson', '-', '-o', 'json'];
    await runCli(args, { engine, stdin: { kind: 'pipe', text } });
    const list = ['job', 'list', 'idle', '--function', 'paged'];
    const page = await runCli([...list, '-o', 'json'], { engine });
    expect(JSON.parse(page.stdout)).toHaveLength(50);
    const cursor = /--cursor (\S+)/.exec(page.stderr)?.[1];
    expect(cursor).toBeDefined();
    expect(await json(...list, '--cursor', cursor!)).toHaveLength(10);
    expect(await json(...list, '--all')).toHaveLength(60);
    expect(await json(...list, '--limit', '7')).toHaveLength(7);
  });

  it('--version tells the versions of both ends', async () => {
    expect(await json('--version')).toMatchObject({
      cli: expect.stringMatching(/^\d+\.\d+\.\d+/),
      protocol: expect.any(String),
      engine: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    const alone = await runCli(['--version'], { env: { III_URL: 'ws://127.0.0.1:1' } });
    expect(alone).toMatchObject({ code: 0, stderr: '' });
  });
});
