import { afterEach, describe, expect, it } from 'vitest';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { mailQueue, paymentDetail, paymentQueue } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

const listOf = () => ({ queues: [paymentQueue, mailQueue] });
const change = (paused: boolean, changed: boolean) => () => ({ queue: 'payment', paused, changed });
const unknown = () => fail('QUEUE_NOT_FOUND', "Queue 'x' not found");

describe('iii queue list', () => {
  it('prints the fixed keys as JSON, on one line in a pipe', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf });
    const { status, stdout } = await runCli(['queue', 'list', '-o', 'json'], { url: engine.url });
    expect(status).toBe(0);
    expect(stdout.trimEnd()).not.toContain('\n');
    const [first] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(first).toMatchObject({
      name: 'payment',
      type: 'fifo',
      paused: false,
      waiting: 12,
      delayed: 1,
      inFlight: 1,
      dead: 3,
      oldestWaitingMs: 65_000,
      workers: 2,
    });
  });

  it('prints one object per line, YAML, or only names', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf });
    const print = async (format: string) =>
      (await runCli(['queue', 'list', '-o', format], { url: engine.url })).stdout;
    const lines = (await print('ndjson')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual([
      'payment',
      'mail-with-a-rather-long-name',
    ]);
    expect(await print('name')).toBe('payment\nmail-with-a-rather-long-name\n');
    expect(await print('yaml')).toMatch(/^- name: payment\n {2}type: fifo\n/);
  });

  it('is done with 0 when there is nothing, and says so on stderr', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': () => ({ queues: [] }) });
    expect(await runCli(['queue', 'list'], { url: engine.url })).toEqual({
      status: 0,
      stdout: '',
      stderr: 'There are no queues.\n',
    });
    expect((await runCli(['queue', 'list', '--json'], { url: engine.url })).stdout).toBe('[]\n');
  });

  it('marks what is dead on a terminal, and nothing in JSON', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf });
    const options = { url: engine.url, columns: 200 };
    expect((await runCli(['queue', 'list'], options)).stdout).toContain('\u001b[1m3');
    const json = await runCli(['queue', 'list', '--json', '--color', 'always'], options);
    expect(json.stdout).not.toContain('\u001b');
  });

  it('with --watch prints again until Ctrl-C', async () => {
    let asked = 0;
    engine = await FakeEngine.start({
      'iii::queue::list': () => {
        asked += 1;
        return { queues: [{ ...paymentQueue, waiting: asked * 111 }] };
      },
    });
    const running = startCli(['queue', 'list', '--watch'], { url: engine.url });
    await running.saw('stdout', '222');
    running.signal('SIGINT');
    const { status, stderr } = await running.finished;
    expect(status).toBe(130);
    expect(stderr).toContain('error[INTERRUPTED]');
  });

  it('ends quietly when the pipe is closed', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf });
    const argv = ['queue', 'list', '--watch'];
    const { status, stderr } = await runCli(argv, { url: engine.url, closesAfter: 1 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('iii queue show', () => {
  it('says what the queue does and what it waits for', async () => {
    engine = await FakeEngine.start({ 'iii::queue::get': () => paymentDetail });
    const { status, stdout } = await runCli(['queue', 'show', 'payment'], { url: engine.url });
    expect(status).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "queue           payment
      settings        fifo by transaction_id, up to 10 attempts, 1 at a time, backoff 1s, 2s, 4s …, 30s per attempt
      state           active
      waiting         12
      delayed         1
      in flight       1
      dead            3
      groups          4
      oldest waiting  1m 5s
      workers         2
      per second      1.5 in, 0.3 out
      empty in about  48s
      wait p95        41s, SLO 1m: ok
      workers needed  4, and group_concurrency: 2 (a job runs 900ms)
      so far          12 enqueued, 9 completed, 4 attempts failed

      waits for functions that no worker offers
        FUNCTION        JOBS
        orders::charge    12
      "
    `);
  });

  it('marks jobs that wait longer than they should, there and in the list', async () => {
    const slo = { waitP95Ms: 30_000, currentWaitP95Ms: 65_000, isMet: false };
    const alerts = [{ alert: 'slo', since: new Date(0).toISOString() }];
    const late = { ...paymentDetail, slo, alerts };
    engine = await FakeEngine.start({
      'iii::queue::get': () => late,
      'iii::queue::list': () => ({ queues: [late, paymentQueue] }),
    });
    const { stdout: shown } = await runCli(['queue', 'show', 'payment'], { url: engine.url });
    expect(shown).toMatch(/^wait p95 +1m 5s, SLO 30s: breached$/m);
    expect(shown).toMatch(/^alerts +slo, firing since /m);
    const { stdout: listed } = await runCli(['queue', 'list'], { url: engine.url });
    expect(listed).toMatch(/over SLO\n.*active\n$/);
  });

  it('prints the settings and what it waits for as JSON', async () => {
    engine = await FakeEngine.start({ 'iii::queue::get': () => paymentDetail });
    const argv = ['queue', 'show', 'payment', '--json'];
    const { stdout } = await runCli(argv, { url: engine.url });
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'payment',
      config: { maxAttempts: 10 },
      waitingFor: [{ functionId: 'orders::charge', jobs: 12 }],
    });
  });

  it('of an unknown queue ends with 5 and says where to look', async () => {
    engine = await FakeEngine.start({ 'iii::queue::get': unknown });
    const { status, stderr } = await runCli(['queue', 'show', 'x'], { url: engine.url });
    expect(status).toBe(5);
    expect(stderr).toMatch(/^error\[QUEUE_NOT_FOUND\]: .*\ncause: .*\nhint: .*iii queue list/);
  });
});

describe('iii queue pause and resume', () => {
  it.each([
    { verb: 'pause', result: change(true, true), sentence: 'payment is paused.' },
    { verb: 'pause', result: change(true, false), sentence: 'payment is already paused.' },
    { verb: 'resume', result: change(false, true), sentence: 'payment is active.' },
    { verb: 'resume', result: change(false, false), sentence: 'payment is already active.' },
  ])('$verb says: $sentence', async ({ verb, result, sentence }) => {
    engine = await FakeEngine.start({ [`iii::queue::${verb}`]: result });
    const { status, stdout } = await runCli(['queue', verb, 'payment'], { url: engine.url });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${sentence}\n` });
  });

  it('with --dry-run asks the engine to do nothing, and says so', async () => {
    engine = await FakeEngine.start({ 'iii::queue::pause': change(true, true) });
    const argv = ['queue', 'pause', 'payment', '--dry-run', '-o', 'json'];
    const { stdout } = await runCli(argv, { url: engine.url });
    expect(engine.calls[0]?.data).toEqual({ queue: 'payment', dryRun: true });
    expect(JSON.parse(stdout)).toMatchObject({ queue: 'payment', dryRun: true });
  });
});

describe('an engine that does not let us do it', () => {
  it('needs a token: 4, and the hint names how to give one', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf }, 'secret');
    const { status, stderr } = await runCli(['queue', 'list'], { url: engine.url });
    expect(status).toBe(4);
    expect(stderr).toContain('III_TOKEN');
  });

  it('gets the token of III_TOKEN, which is never printed', async () => {
    engine = await FakeEngine.start({ 'iii::queue::list': listOf }, 'secret');
    const argv = ['queue', 'list', '--debug'];
    const right = await runCli(argv, { url: engine.url, env: { III_TOKEN: 'secret' } });
    expect(right.status).toBe(0);
    const wrong = await runCli(argv, { url: engine.url, env: { III_TOKEN: 'wrong-one' } });
    expect(wrong.status).toBe(4);
    expect(wrong.stderr).not.toContain('wrong-one');
  });

  it('forbids it: 4', async () => {
    engine = await FakeEngine.start({ 'iii::queue::pause': () => fail('FORBIDDEN', 'not you') });
    const { status } = await runCli(['queue', 'pause', 'payment'], { url: engine.url });
    expect(status).toBe(4);
  });
});

describe('an engine that does not run', () => {
  it('ends a command with 6, the address and how to start one', async () => {
    engine = await FakeEngine.start({});
    await engine.stop();
    const { status, stderr } = await runCli(['queue', 'list'], { url: engine.url });
    expect(status).toBe(6);
    expect(stderr).toContain(engine.url);
    expect(stderr).toContain('iii serve');
    expect(stderr).not.toContain('    at ');
  });

  it('is an object on stderr with -o json', async () => {
    engine = await FakeEngine.start({});
    await engine.stop();
    const { status, stdout, stderr } = await runCli(['queue', 'list', '-o', 'json'], {
      url: engine.url,
    });
    expect({ status, stdout }).toEqual({ status: 6, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'ENGINE_UNREACHABLE', details: { url: engine.url } },
    });
  });
});
