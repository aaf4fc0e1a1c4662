import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BulkPlan, ErrorCluster, TaskView } from '../../src/admin/bulk-contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { cluster, task as runningTask } from '../support/list-answers.ts';
import { runCli } from '../support/run-cli.ts';
import { ago, deadJob, NOW } from '../support/samples.ts';

let engine: FakeEngine | undefined;
let folder: string | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

const ID = deadJob.id;
const clusters: readonly ErrorCluster[] = [
  cluster,
  {
    cluster: '0a8f4f6f2c',
    code: 'card_declined',
    message: 'the bank said no',
    jobs: 2_500,
    share: 0.25,
    firstFailedAt: ago(86_400_000),
    lastFailedAt: ago(3_600_000),
    sample: '9c9d0f8e-5d0b-4f43-9d3b-0a8f4f6f2c11',
    sampleMessage: 'the bank said no',
    functions: [{ functionId: 'orders::charge', jobs: 2_500 }],
  },
];
const plan: BulkPlan = {
  action: 'redrive',
  queue: 'payment',
  total: 3,
  groups: [
    {
      functionId: 'orders::charge',
      queue: 'payment',
      target: 'slow',
      cluster: '3f0e6c1e5d',
      message: 'HTTP 429 from <text>',
      jobs: 3,
      oldestAt: ago(7_200_000),
      sample: ID,
    },
  ],
  skipped: [{ why: 'its payload has no account, by which slow orders', jobs: 1, sample: ID }],
};
const task: TaskView = {
  ...runningTask,
  state: 'done',
  engine: null,
  canary: {
    jobs: 5,
    abortIfFailRate: 0.2,
    released: 5,
    waiting: 0,
    succeeded: 4,
    failed: 1,
    passed: true,
  },
  endedAt: ago(5_000),
};
const discard: TaskView = { ...task, action: 'discard', canary: null, undoUntil: ago(-840_000) };
const entries = [
  {
    at: ago(5_000),
    by: 'night-shift',
    action: 'task redrive',
    facts: { changed: 3, state: 'done' },
  },
  { at: ago(65_000), by: '10.0.0.7', action: 'iii::queue::pause', facts: { queue: 'payment' } },
];

const answers = {
  'iii::dlq::errors': () => ({ queue: 'payment', jobs: 10_000, clusters }),
  'iii::bulk::plan': () => plan,
  'iii::task::start': () => ({ ...task, state: 'running', changed: 0 }),
  'iii::task::wait': () => task,
  'iii::task::get': () => task,
  'iii::task::pause': () => ({ ...task, state: 'paused' }),
  'iii::task::list': () => ({ tasks: [task, discard] }),
  'iii::undo::list': () => ({ tasks: [discard] }),
  'iii::undo::apply': () => ({ id: task.id, restored: 2, skipped: 1 }),
  'iii::audit::list': () => ({ entries }),
  'iii::job::edit': () => ({ id: ID, changed: true, changes: ['payload'] }),
  'iii::dlq::list': () => ({ jobs: [deadJob], total: null, nextCursor: 'd1' }),
  'iii::job::list': () => ({ jobs: [], total: null, nextCursor: null }),
};

async function run(argv: readonly string[], more: Parameters<typeof runCli>[1] = {}) {
  engine ??= await FakeEngine.start(answers);
  return runCli(argv, { url: engine.url, clock: new ManualClock(NOW), ...more });
}

const input = (functionId: string): unknown =>
  engine?.calls.find((call) => call.functionId === functionId)?.data;

describe('screens of bulk changes', () => {
  const screens: readonly (readonly string[])[] = [
    ['dlq', 'errors', 'payment'],
    ['dlq', 'redrive', 'payment', '--where', 'error~429', '--to', 'slow', '--dry-run'],
    ['task', 'list'],
    ['task', 'show', task.id],
    ['undo', 'list'],
    ['audit'],
  ];

  it.each(screens.flatMap((argv) => [40, 80, 200].map((columns) => ({ argv, columns }))))(
    '$argv at $columns columns',
    async ({ argv, columns }) => {
      const { stdout, status } = await run([...argv, '--color', 'never'], { columns });
      expect(status).toBe(0);
      const widest = Math.max(...stdout.split('\n').map((line) => line.length));
      if (argv[1] !== 'show' && !argv.includes('--dry-run')) {
        expect(widest).toBeLessThanOrEqual(columns);
      }
      await expect(stdout).toMatchFileSnapshot(`golden/${argv[0]}-${argv[1] ?? ''}-${columns}.txt`);
    },
  );
});

describe('bulk commands', () => {
  it.each([
    {
      argv: ['dlq', 'redrive', 'payment', '--where', 'error~"429"', '--rate', '600/m'],
      sends: { action: 'redrive', queue: 'payment', where: 'error~"429"', ratePerSecond: 10 },
    },
    {
      argv: ['dlq', 'redrive', '--canary', '5', '--abort-if-fail-rate', '20%', '--limit', '9'],
      sends: { action: 'redrive', canary: { jobs: 5, abortIfFailRate: 0.2 }, limit: 9 },
    },
    {
      argv: ['dlq', 'discard', 'payment', '--cluster', '3f0e6c1e5d', '--yes', '--without-undo'],
      sends: { action: 'discard', queue: 'payment', cluster: '3f0e6c1e5d', noUndo: true },
    },
    {
      argv: ['dlq', 'purge', 'payment', '--yes'],
      sends: { action: 'discard', queue: 'payment', all: true },
    },
    {
      argv: ['dlq', 'purge', 'payment', '--where', 'age>7d', '--limit', '9', '--yes'],
      sends: { action: 'discard', queue: 'payment', where: 'age>7d', limit: 9, all: true },
    },
    {
      argv: ['dlq', 'redrive', 'payment', '--state', 'dead', '--since', 'now-1h'],
      sends: { action: 'redrive', queue: 'payment', since: 'now-1h' },
    },
    {
      argv: ['queue', 'purge', 'payment', '--limit', '9', '--yes'],
      sends: { action: 'cancel', queue: 'payment', limit: 9, all: true },
    },
    {
      argv: ['queue', 'purge', 'payment', '--yes'],
      sends: { action: 'cancel', queue: 'payment', all: true },
    },
    {
      argv: ['job', 'cancel', '--queue', 'mail', '--since', 'now-1h', '--yes'],
      sends: { action: 'cancel', queue: 'mail', since: 'now-1h' },
    },
    {
      argv: ['job', 'retry', '--queue', 'mail', '--state', 'delayed', '--state', 'dead'],
      sends: { action: 'retry', queue: 'mail', states: ['delayed', 'dead'] },
    },
    {
      argv: ['queue', 'purge', 'mail', '--state', 'delayed', '--yes'],
      sends: { action: 'cancel', queue: 'mail', states: ['delayed'], all: true },
    },
    {
      argv: ['job', 'move', ID, ID, '--to', 'slow'],
      sends: { action: 'move', to: 'slow', jobs: [{ id: ID }] },
    },
    { argv: ['job', 'retry', ID], sends: { action: 'retry', jobs: [{ id: ID }] } },
    {
      argv: ['dlq', 'discard', '--id', ID, '--yes'],
      sends: { action: 'discard', jobs: [{ id: ID }] },
    },
  ])('$argv begins a task and waits for it', async ({ argv, sends }) => {
    const { status, stdout } = await run([...argv, '-o', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ task: task.id, state: 'done', skipped: [] });
    expect(input('iii::task::start')).toEqual(sends);
  });

  it('say how many, and can be left alone', async () => {
    const waited = await run(['dlq', 'redrive', 'payment', '--rate', '50']);
    expect(waited.stdout).toBe('3 dead jobs redriven.\n');
    const left = await run(['dlq', 'redrive', 'payment', '--rate', '50', '--detach', '-o', 'name']);
    expect([left.status, left.stdout]).toEqual([0, `${task.id}\n`]);
    expect(left.stderr).toContain(`iii task watch ${task.id}`);
  });

  it('end with 1 when the task stopped by itself, with 3 when jobs were left alone, with 7 when all were', async () => {
    const end = async (changes: Partial<TaskView>, argv: readonly string[]) => {
      await engine?.stop();
      engine = await FakeEngine.start({
        ...answers,
        'iii::task::wait': () => ({ ...task, ...changes }),
      });
      return run(argv);
    };
    const redrive = ['dlq', 'redrive', 'payment', '--canary', '5'];
    const stopped = await end(
      { state: 'stopped', why: '3 of the first 5 jobs died again' },
      redrive,
    );
    expect(stopped.status).toBe(1);
    expect(stopped.stdout).toContain('The task is stopped: 3 of the first 5 jobs died again.');
    const skipped = [{ why: 'it changed since the plan was made', jobs: 2 }];
    const some = await end({ skipped }, redrive);
    expect(some.status).toBe(3);
    expect(some.stderr).toContain('2 jobs left alone: it changed since the plan was made');
    const none = await end({ skipped, changed: 0 }, ['job', 'retry', ID]);
    expect(none.status).toBe(7);
    const unknown = [{ why: 'there is no such job', jobs: 1 }];
    expect((await end({ skipped: unknown, changed: 0 }, ['job', 'retry', ID])).status).toBe(5);
  });

  it('ask before they end jobs, and do nothing in a script without --yes', async () => {
    const purge = ['dlq', 'discard', 'payment', '--where', 'age>1h'];
    const refused = await run(purge);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('Discard 3 dead jobs of payment where age>1h');
    expect(input('iii::task::start')).toBeUndefined();
    const no = await run(purge, { types: 'no\n' });
    expect(no.stderr).toContain('3 jobs of orders::charge to slow: HTTP 429 from <text>');
    expect(input('iii::task::start')).toBeUndefined();
    await run(purge, { types: 'y\n' });
    expect(input('iii::task::start')).toBeDefined();
  });

  it('write a plan down, and carry out exactly that', async () => {
    folder = mkdtempSync(join(tmpdir(), 'iii-plan-'));
    const jobs = [{ id: ID, epoch: 4 }];
    engine = await FakeEngine.start({ ...answers, 'iii::bulk::plan': () => ({ ...plan, jobs }) });
    const argv = ['dlq', 'redrive', 'payment', '--where', 'age>1h', '--to', 'slow'];
    const made = await run([...argv, '--plan-out', 'plan.json', '--json'], { cwd: folder });
    expect(JSON.parse(made.stdout)).toMatchObject({
      redriven: 3,
      dryRun: true,
      plan: { total: 3 },
    });
    expect(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))).toMatchObject({
      schema: 'iii-plan/1',
      action: 'redrive',
      jobs,
    });
    const carriedOut = await run(['dlq', 'redrive', '--plan', 'plan.json', '--json'], {
      cwd: folder,
    });
    expect(carriedOut.status).toBe(0);
    expect(JSON.parse(carriedOut.stdout)).toMatchObject({ queue: 'payment', redriven: 3 });
    const named = await run(['dlq', 'redrive', 'payment', '--plan', 'plan.json'], { cwd: folder });
    expect(named.status).toBe(0);
    const elsewhere = await run(['dlq', 'redrive', 'r', '--plan', 'plan.json'], { cwd: folder });
    expect([elsewhere.status, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining('is for payment'),
    ]);
    expect(input('iii::task::start')).toEqual({
      action: 'redrive',
      queue: 'payment',
      to: 'slow',
      jobs,
    });
    const other = await run(['dlq', 'discard', '--plan', 'plan.json', '--yes'], { cwd: folder });
    expect([other.status, other.stderr]).toEqual([2, expect.stringContaining('a plan to redrive')]);
  });

  it.each(['queue', 'dlq'])('%s purge takes the jobs of a plan, and not all', async (noun) => {
    folder = mkdtempSync(join(tmpdir(), 'iii-plan-'));
    const jobs = [{ id: ID, epoch: 4 }];
    const action = noun === 'queue' ? 'cancel' : 'discard';
    const made: BulkPlan = { ...plan, action, jobs };
    engine = await FakeEngine.start({ ...answers, 'iii::bulk::plan': () => made });
    const purge = [noun, 'purge', 'payment'];
    await run([...purge, '--plan-out', 'plan.json'], { cwd: folder });
    const { stderr } = await run([...purge, '--plan', 'plan.json', '--yes'], { cwd: folder });
    expect(stderr).not.toContain('error');
    expect(input('iii::task::start')).toEqual({ action, queue: 'payment', jobs });
  });

  it.each([
    [['dlq', 'redrive', '--rate', 'fast'], '--rate is not a rate'],
    [['dlq', 'redrive', '--canary', '0'], '--canary'],
    [['dlq', 'redrive', '--abort-if-fail-rate', '20%'], 'needs --canary'],
    [['dlq', 'redrive', '--canary', '5', '--abort-if-fail-rate', '200%'], 'is not a share'],
    [['dlq', 'redrive', '--where', ' '], '--where is empty'],
    [['dlq', 'redrive', '--since', 'yesterday'], '--since is not a time'],
    [['dlq', 'redrive', '--where', 'age>1h', '--plan', 'p.json'], 'leave the selector'],
    [['dlq', 'redrive', '--plan', 'nope.json'], 'cannot be read'],
    [['dlq', 'discard', 'q', '--to', 'x'], 'unknown option'],
    [['dlq', 'list', '--where', 'age>1h'], 'a selector needs a queue'],
    [['dlq', 'list', 'payment', '--state', 'waiting'], 'Choose one of dead'],
    [['dlq', 'discard', 'payment', '--state', 'dead', '--yes'], 'needs to know which jobs'],
    [['dlq', 'redrive', 'payment', '--id', ID, '--where', 'age>1h'], 'contradict'],
    [['dlq', 'discard', 'payment', '--id', ID, '--since', 'now-1h', '--yes'], 'contradict'],
    [['dlq', 'discard', '--all', '--yes'], '--all needs a queue'],
    [['dlq', 'discard', '--all', '--rate', '5', '--yes'], '--all needs a queue'],
    [['job', 'retry'], 'not said which jobs'],
    [['job', 'cancel', ID, '--where', 'age>1h'], 'contradict'],
    [['job', 'move', ID], 'needs --to'],
    [['job', 'edit', ID], 'needs a payload'],
    [['task', 'show'], 'task'],
  ])('%j is wrong', async (argv, message) => {
    const { status, stderr } = await run(argv);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error.*\ncause: .*\nhint: .*\n$/);
    expect(engine?.calls).toEqual([]);
  });
});

describe('lists with a selector', () => {
  it('let the engine select, and say how to go on without a count', async () => {
    const argv = ['dlq', 'list', 'payment', '--where', 'error~"429"', '--until', 'now-1h'];
    const { stdout, stderr } = await run([...argv, '-o', 'name', '--limit', '1']);
    expect(stdout).toBe(`${ID}\n`);
    expect(stderr).toBe('1; next: --cursor d1\n');
    const selector = { where: 'error~"429"', until: 'now-1h' };
    expect(input('iii::dlq::list')).toEqual({ queue: 'payment', limit: 1, ...selector });
    const dead = await run([...argv, '--state', 'dead', '-o', 'name']);
    expect(dead.status).toBe(0);
    expect(engine?.calls.at(-1)?.data).not.toHaveProperty('states');
    await run(['job', 'list', '--state', 'dead', '--where', 'attempts>3']);
    expect(input('iii::job::list')).toMatchObject({ states: ['dead'], where: 'attempts>3' });
  });
});

describe('tasks, undo, audit and edit', () => {
  it.each([
    {
      argv: ['task', 'pause', task.id],
      says: 'Task 3f0e6c1e is paused after 3 jobs.\n',
      status: 0,
    },
    { argv: ['undo', 'apply', task.id], says: '2 jobs brought back.\n', status: 3 },
    {
      argv: ['undo', 'apply', task.id, '--dry-run'],
      says: '2 jobs would be brought back.\n',
      status: 3,
    },
    { argv: ['job', 'edit', ID, '--data', '{"n":1}'], says: `${ID} is changed.\n`, status: 0 },
  ])('$argv', async ({ argv, says, status }) => {
    expect(await run(argv)).toMatchObject({ status, stdout: says });
  });

  it('an undo says what may have kept jobs from coming back', async () => {
    const { stderr } = await run(['undo', 'apply', task.id]);
    expect(stderr).toBe('1 job left alone: there already, or another job has the dedup key\n');
  });

  it('are JSON in the shapes of the contract', async () => {
    const json = async (argv: readonly string[]) =>
      JSON.parse((await run([...argv, '--json'])).stdout) as unknown;
    expect(await json(['dlq', 'errors', 'payment'])).toEqual(clusters);
    expect(await json(['task', 'list'])).toEqual([task, discard]);
    expect(await json(['task', 'show', task.id])).toEqual(task);
    expect(await json(['undo', 'list'])).toEqual([discard]);
    expect(await json(['audit'])).toEqual(entries);
    expect(await json(['dlq', 'redrive', '--since', 'now-1h', '--dry-run'])).toEqual({
      queue: 'payment',
      redriven: 3,
      dryRun: true,
      plan,
    });
  });

  it('a task that runs is shown with the engine that works at it', async () => {
    engine = await FakeEngine.start({ 'iii::task::get': () => runningTask });
    const { stdout } = await run(['task', 'show', runningTask.id]);
    expect(stdout).toMatch(/^engine +3f0e6c1e-0000-4000-8000-000000000001$/m);
  });

  it('an edit takes the payload exactly as it is written', async () => {
    await run(['job', 'edit', ID, '--data', '{"big":9007199254740993}']);
    expect(input('iii::job::edit')).toEqual({ id: ID, payloadText: '{"big":9007199254740993}' });
  });
});
