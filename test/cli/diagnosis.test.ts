import { afterEach, describe, expect, it } from 'vitest';
import type { JobExplanation } from '../../src/admin/contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { fail, FakeEngine, NO_ANSWER } from '../support/fake-engine.ts';
import { groups as waitingGroups, OLDER, task as runningTask } from '../support/list-answers.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { ago, jobDetail, NOW, paymentDetail } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

const clock = new ManualClock(NOW);
const [waiting, running] = waitingGroups;

const behind: JobExplanation = {
  job: { ...jobDetail, state: 'waiting', attempts: 0, maxAttempts: 10 },
  kind: 'paused',
  reasons: [
    {
      kind: 'paused',
      text: "queue 'payment' is paused",
      change: 'iii queue resume payment',
    },
    {
      kind: 'behind',
      text: `it is behind job ${OLDER} of its group "txn-1", which is delayed`,
      change: `iii job explain ${OLDER}`,
      jobId: OLDER,
    },
  ],
};

const groups = [waiting, { ...running, group: '7' }];

describe('iii job explain', () => {
  it('shows each reason with what would change it', async () => {
    engine = await FakeEngine.start({ 'iii::job::explain': () => behind });
    const { stdout } = await runCli(['job', 'explain', jobDetail.id], { url: engine.url, clock });
    expect(stdout).toMatchInlineSnapshot(`
      "job       3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11
      state     waiting
      queue     payment
      function  orders::charge
      group     "txn-1"
      attempts  0 of 10

      why
        queue 'payment' is paused
        -> iii queue resume payment

      and then
        it is behind job 11111111-5d0b-4f43-9d3b-0a8f4f6f2c11 of its group "txn-1", which is delayed
        -> iii job explain 11111111-5d0b-4f43-9d3b-0a8f4f6f2c11
      "
    `);
  });

  it('prints the kind of the first reason for scripts', async () => {
    engine = await FakeEngine.start({ 'iii::job::explain': () => behind });
    const { stdout } = await runCli(['job', 'explain', jobDetail.id, '--json'], {
      url: engine.url,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      id: jobDetail.id,
      queue: 'payment',
      kind: 'paused',
      reasons: [{ kind: 'paused' }, { kind: 'behind', jobId: OLDER }],
    });
  });

  it('of an unknown job ends with 5, without an id with 2', async () => {
    engine = await FakeEngine.start({ 'iii::job::explain': () => fail('JOB_NOT_FOUND', 'no') });
    expect((await runCli(['job', 'explain', 'x'], { url: engine.url })).status).toBe(5);
    expect((await runCli(['job', 'explain'], { url: engine.url })).status).toBe(2);
  });
});

describe('iii group list', () => {
  const list = (argv: readonly string[], columns?: number) =>
    runCli(['group', 'list', 'payment', ...argv], {
      url: engine.url,
      clock,
      env: { NO_COLOR: '1' },
      ...(columns === undefined ? {} : { columns }),
    });

  it.each([40, 80, 200])('fits into %i columns', async (columns) => {
    engine = await FakeEngine.start({ 'iii::group::list': () => ({ groups, total: 2 }) });
    const { stdout } = await list([], columns);
    expect(stdout).toMatchSnapshot();
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('says on stderr that there are more', async () => {
    engine = await FakeEngine.start({ 'iii::group::list': () => ({ groups, total: 1_234 }) });
    const { stdout, stderr } = await list(['--blocked', '--limit', '2', '-o', 'name']);
    expect(stdout).toBe('"txn-1"\n7\n');
    expect(stderr).toBe('2 of 1 234 groups; more with --limit\n');
    expect(engine.calls[0]?.data).toEqual({ queue: 'payment', blocked: true, limit: 2 });
  });

  it('passes on why a queue has no groups', async () => {
    engine = await FakeEngine.start({
      'iii::group::list': () => fail('INVALID_ARGUMENTS', "queue 'payment' is standard"),
    });
    const { status, stderr } = await list([]);
    expect(status).toBe(2);
    expect(stderr).toContain("queue 'payment' is standard");
  });
});

describe('iii logs', () => {
  const page = (seqs: readonly number[]) => ({
    events: seqs.map((seq) => ({
      seq,
      at: ago(1_000),
      kind: 'job_retried',
      queue: 'payment',
      id: OLDER,
      attempt: 2,
      dueAt: ago(-5_000),
      error: { code: 'boom', message: 'the bank\nis closed' },
    })),
    last: seqs.at(-1) ?? 0,
    missed: 0,
  });

  it('prints JSON lines into a pipe, and goes on behind what it has', async () => {
    let asked = 0;
    engine = await FakeEngine.start({
      'iii::event::list': () => (++asked < 3 ? page([asked]) : NO_ANSWER),
    });
    const cli = startCli(['logs', '--kind', 'dead', '--recent', '5'], { url: engine.url });
    await cli.saw('stdout', '"seq":2');
    cli.signal('SIGINT');
    expect((await cli.finished).status).toBe(130);
    expect(engine.calls.slice(0, 2).map(({ data }) => data)).toMatchObject([
      { kinds: ['job_dead'], recent: 5 },
      { kinds: ['job_dead'], after: 1, waitMs: 10_000 },
    ]);
    const lines = cli.stdout().trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2]);
  });

  it('on a terminal prints a line each, control characters escaped', async () => {
    engine = await FakeEngine.start({ 'iii::event::list': () => page([7]) });
    const { stdout } = await runCli(['logs', '--once'], {
      url: engine.url,
      columns: 120,
      env: { NO_COLOR: '1' },
    });
    expect(stdout).toMatchInlineSnapshot(`
      "11:59:59.000  failed       payment         11111111-5d0b-4f43-9d3b-0a8f4f6f2c11  boom: the bank\\nis closed, attempt 2, again at 2026-01-01T12:00:05.000Z
      "
    `);
  });

  it('knows its kinds', async () => {
    engine = await FakeEngine.start({});
    expect((await runCli(['logs', '--kind', 'nonsense'], { url: engine.url })).status).toBe(2);
  });
});

describe('iii wait', () => {
  const ended = (state: string) => ({ 'iii::job::wait': () => ({ ...jobDetail, state }) });
  const wait = (...argv: string[]) => runCli(['wait', ...argv], { url: engine.url });

  it.each([
    ['completed', [], 0],
    ['dead', [], 1],
    ['dead', ['--for', 'dead'], 0],
    ['discarded', ['--for', 'end'], 0],
    ['waiting', ['--timeout', '1s'], 6],
  ] as const)('for a job that is %s, with %j, ends with %i', async (state, argv, status) => {
    engine = await FakeEngine.start(ended(state));
    expect((await wait('job', jobDetail.id, ...argv)).status).toBe(status);
  });

  it('for a queue ends when nothing of it is left to run', async () => {
    let waiting = 2;
    engine = await FakeEngine.start({
      'iii::queue::get': () => ({
        ...paymentDetail,
        waiting: --waiting,
        delayed: 0,
        inFlight: 0,
      }),
    });
    const { status, stdout } = await wait('queue', 'payment', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ queue: 'payment', empty: true, dead: paymentDetail.dead });
  });

  it.each([
    ['wait', 'queue', 'payment'],
    ['queue', 'drain', 'payment'],
    ['task', 'watch', runningTask.id],
  ])('%j ends with 6 when --timeout is over, and says how it stands', async (...argv) => {
    engine = await FakeEngine.start({
      'iii::queue::get': () => paymentDetail,
      'iii::task::get': () => runningTask,
      'iii::task::wait': () => runningTask,
    });
    const { status, stdout, stderr } = await runCli([...argv, '--timeout', '50ms'], {
      url: engine.url,
    });
    expect([status, stdout]).toEqual([6, '']);
    expect(stderr).toMatch(/^error.*within 0.05 s\ncause: .* go(es)? on\nhint: .*\n$/);
  });

  it('refuses other things', async () => {
    engine = await FakeEngine.start({});
    expect((await wait('worker', 'x')).status).toBe(2);
  });
});
