import { afterEach, describe, expect, it } from 'vitest';
import type { JobExplanation } from '../../src/admin/explanation.ts';
import type { GroupView } from '../../src/admin/group-view.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';
import { ago, jobDetail, NOW } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

const clock = new ManualClock(NOW);
const OLDER = '11111111-5d0b-4f43-9d3b-0a8f4f6f2c11';

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

const groups: readonly GroupView[] = [
  {
    group: '"txn-1"',
    jobs: 12,
    blockedBy: 'backoff',
    head: {
      id: OLDER,
      functionId: 'orders::charge',
      state: 'delayed',
      attempts: 3,
      enqueuedAt: ago(600_000),
      dueAt: ago(-20_000),
    },
  },
  {
    group: '7',
    jobs: 1,
    blockedBy: null,
    head: {
      id: jobDetail.id,
      functionId: 'orders::charge',
      state: 'in_flight',
      attempts: 0,
      enqueuedAt: ago(30_000),
      dueAt: null,
    },
  },
];

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
