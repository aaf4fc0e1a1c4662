import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../../src/app.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { machineSources } from '../../../src/config/machine.ts';
import { parseArguments } from '../../../src/cli/parse.ts';
import { Output } from '../../../src/cli/output/output.ts';
import { benchRecord, type BenchResult } from '../../../src/cli/views/bench.ts';
import { registerWorker, TriggerAction } from '../../../src/sdk/sdk.ts';
import { engineConfig } from '../../support/engine-config.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { type CliOptions, runCli, startCli } from '../../support/run-cli.ts';

let app: App;

beforeAll(async () => {
  const queues = {
    default: {},
    payment: { type: 'fifo', message_group_field: 'account', concurrency: 10 },
  };
  const { config } = parseConfig(engineConfig(queues), {
    ...machineSources,
    file: null,
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (config === null) throw new Error('the configuration is wrong');
  app = await startApp({ config: { ...config, shutdownGraceMs: 100 } });
});

afterAll(() => app.stop());

const iii = (argv: readonly string[], options: CliOptions = {}) =>
  runCli(argv, { url: app.url ?? '', ...options });

async function bench(argv: readonly string[]): Promise<BenchResult> {
  const { status, stdout, stderr } = await iii(['bench', ...argv, '-o', 'json', '--quiet']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as BenchResult;
}

/** What is left in the engine of any bench. */
async function leftovers(): Promise<readonly string[]> {
  const list = async (...argv: string[]) => (await iii([...argv, '-o', 'name'])).stdout;
  const [queues, topics, jobs] = [
    await list('queue', 'list'),
    await list('topic', 'list'),
    await list('job', 'list', '--state', 'waiting'),
  ];
  return [...queues.split('\n').filter((name) => name.includes('bench')), topics, jobs].filter(
    (text) => text !== '',
  );
}

describe('iii bench', () => {
  it('measures an engine without any configuration, and leaves nothing', async () => {
    const result = await bench(['--jobs', '200', '--outstanding', '20', '--payload-bytes', '100']);
    expect(result).toMatchObject({
      ownQueue: true,
      ratePerSecond: null,
      payloadBytes: 100,
      outstanding: 20,
      enqueued: 200,
      completed: 200,
      failed: 0,
      lost: 0,
      duplicates: 0,
    });
    for (const { p50, p95, p99, max } of [result.receiptMs, result.doneMs]) {
      const sorted = [p50, p95, p99, max].map(Number);
      expect(Math.min(...sorted)).toBeGreaterThan(0);
      expect([...sorted].sort((one, other) => one - other)).toEqual(sorted);
    }
    expect(result.enqueuePerSecond).toBeGreaterThan(0);
    expect(result.jobsPerSecond).toBeGreaterThan(0);
    expect(await leftovers()).toEqual([]);
  });

  it('goes through a queue of the configuration, also a FIFO one, with its group field', async () => {
    for (const queue of ['default', 'payment']) {
      const result = await bench(['--queue', queue, '--jobs', '50', '--groups', '5']);
      expect(result).toMatchObject({ queue, ownQueue: false, completed: 50, lost: 0 });
    }
    expect(await leftovers()).toEqual([]);
  });

  it('runs for a time, at a rate', async () => {
    const result = await bench(['--duration', '300ms', '--rate', '100/s']);
    expect(result).toMatchObject({ ratePerSecond: 100, outstanding: 10_000 });
    expect(result.completed).toBe(result.enqueued);
    expect(result.enqueued).toBeLessThanOrEqual(31);
  });

  it('does not touch the jobs of others in the same queue', async () => {
    const enqueue = ['enqueue', 'default', '--function', 'somebody::else', '-o', 'name'];
    const id = (await iii(enqueue)).stdout.trim();
    await bench(['--queue', 'default', '--jobs', '20']);
    const { stdout } = await iii(['job', 'show', id, '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'waiting', attempts: 0 });
    await iii(['job', 'cancel', id, '--yes']);
  });

  it('takes away what benches left that were killed, and leaves one alone that runs', async () => {
    const gone = registerWorker(app.url ?? '', { token: '', onProblem: () => undefined });
    const stays = registerWorker(app.url ?? '', { token: '', onProblem: () => undefined });
    for (const [worker, name] of [
      [gone, 'iii-bench-00000001'],
      [stays, 'iii-bench-00000002'],
    ] as const) {
      worker.registerFunction(name, () => new Promise(() => undefined));
      const config = { topic: name };
      worker.registerTrigger({ type: 'durable:subscriber', function_id: name, config });
      await worker.ready();
      await worker.publish(name, { seq: 0 });
      const action = TriggerAction.Enqueue({ queue: 'default' });
      await worker.trigger({ function_id: name, payload: {}, action });
    }
    await gone.shutdown({ graceMs: 0 });
    const { status, stderr } = await iii(['bench', '--jobs', '10', '-o', 'json']);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('What 1 bench left') as unknown,
    });
    const topics = (await iii(['topic', 'list', '-o', 'name'])).stdout;
    const states = ['--state', 'waiting', '--state', 'in_flight'];
    const jobs = (await iii(['job', 'list', ...states, '-o', 'json'])).stdout;
    expect([topics, jobs].map((text) => text.includes('iii-bench-00000001'))).toEqual([
      false,
      false,
    ]);
    expect([topics, jobs].map((text) => text.includes('iii-bench-00000002'))).toEqual([true, true]);
    await stays.shutdown({ graceMs: 0 });
    await iii(['bench', '--jobs', '10']);
    expect(await leftovers()).toEqual([]);
  });

  it('cleans up on Ctrl-C, prints what it measured, and ends with 130', async () => {
    const running = startCli(['bench', '--duration', '1h', '-o', 'json'], { url: app.url ?? '' });
    await eventually(async () => {
      const { stdout } = await iii(['topic', 'list', '-o', 'json']);
      return stdout.includes('iii-bench-');
    });
    running.signal('SIGINT');
    const { status, stdout, stderr } = await running.finished;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ lost: 0, failed: 0 });
    expect(stderr).toContain('is gone again');
    expect(await leftovers()).toEqual([]);
  });

  it('with --dry-run says where the jobs would go, and makes none', async () => {
    const { status, stdout } = await iii(['bench', '--dry-run', '-o', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ownQueue: true, dryRun: true });
    expect(await leftovers()).toEqual([]);
  });
});

describe('a wrong iii bench', () => {
  it.each([
    ['--jobs', '0'],
    ['--jobs', 'many'],
    ['--duration', '0s'],
    ['--duration', '10'],
    ['--rate', 'fast'],
    ['--outstanding', '0'],
    ['--payload-bytes', '10000001'],
    ['--groups', '-1'],
  ])('%s %s ends with 2', async (option, value) => {
    const { status, stdout, stderr } = await iii(['bench', `${option}=${value}`]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(option);
  });

  it('in a queue that is not there ends with 5, in a paused one with 7', async () => {
    expect((await iii(['bench', '--queue', 'nope'])).status).toBe(5);
    await iii(['queue', 'pause', 'payment']);
    const { status, stderr } = await iii(['bench', '--queue', 'payment']);
    await iii(['queue', 'resume', 'payment']);
    expect(status).toBe(7);
    expect(stderr).toContain('iii queue resume payment');
  });

  it('with a token that may not offer functions says so, and leaves nothing', async () => {
    const engine = await FakeEngine.start({});
    const { status, stderr } = await runCli(['bench'], { url: engine.url });
    await engine.stop();
    expect(status).toBe(4);
    expect(stderr).toContain('hint: a bench needs the role worker or admin');
  });

  it('without an engine ends with 6', async () => {
    expect((await runCli(['bench'], { url: 'ws://127.0.0.1:1' })).status).toBe(6);
  });

  it('with payloads that are refused ends with the reason of the engine', async () => {
    const argv = ['bench', '--jobs', '5', '--payload-bytes', '9000000'];
    const { status, stderr } = await iii(argv);
    expect(status).toBe(1);
    expect(stderr).toContain('enqueue_error');
    expect(await leftovers()).toEqual([]);
  });
});

describe('the report', () => {
  const times = { p50: 1.234, p95: 12.3, p99: 123.456, max: 1_234.567 };
  const result: BenchResult = {
    queue: 'payment',
    ownQueue: false,
    functionId: 'iii-bench-1a2b3c4d',
    payloadBytes: 300,
    outstanding: 1_000,
    ratePerSecond: 12_000,
    durationMs: 10_012,
    enqueued: 123_456,
    failed: 2,
    completed: 123_455,
    lost: 1,
    duplicates: 0,
    enqueuePerSecond: 12_345.6,
    jobsPerSecond: 12_345.5,
    receiptMs: times,
    doneMs: times,
    generatorBusyPercent: 42,
  };

  it.each([40, 80, 200])('fits into %i columns', async (columns) => {
    let stdout = '';
    const stream = { isTerminal: true, columns, rows: 24, write: () => Promise.resolve() };
    const io = {
      stdout: {
        ...stream,
        write: (text: string) => {
          stdout += text;
          return Promise.resolve();
        },
      },
      stderr: stream,
      env: {},
      clock: { now: () => 0 },
    };
    const settings = { format: 'table', color: 'never', time: 'relative' };
    const output = new Output(io as never, settings as never);
    await output.record(result, benchRecord);
    const widest = Math.max(...stdout.split('\n').map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`../golden/bench-${columns}.txt`);
  });
});

describe('the words of iii bench', () => {
  it('are parsed as options', () => {
    const parsed = parseArguments(['bench', '--rate', '5/s', '--queue', 'q', '--jobs', '7'], 80);
    expect(parsed).toMatchObject({
      kind: 'command',
      options: { rate: '5/s', queue: 'q', jobs: '7' },
    });
  });
});
