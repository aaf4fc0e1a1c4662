import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';
import { jobDetail, NOW } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

const ID = jobDetail.id;
const clock = new ManualClock(NOW);

describe('iii job show', () => {
  it('shows the payload and every attempt with its error', async () => {
    engine = await FakeEngine.start({ 'iii::job::get': () => jobDetail });
    const { stdout } = await runCli(['job', 'show', ID], { url: engine.url, clock });
    expect(stdout).toMatchInlineSnapshot(`
      "job       3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11
      state     dead
      reason    exhausted
      queue     payment
      function  orders::charge
      group     "txn-1"
      attempts  1 of 1
      enqueued  10m ago
      failed    2m ago

      payload
        {
          "amount": 9007199254740993
        }

      timeline
        WHEN       WHAT              TOOK  WORKER  ERROR
        10m ago    enqueued
        2m 1s ago  attempt 1 failed  1.5s  till    card_declined: the bank said no\\nand closed the door
        2m ago     dead: exhausted

      last error
        card_declined: the bank said no
        and closed the door

      last stack
        Error: the bank said no
            at charge
      "
    `);
  });

  it('prints the payload with the numbers it was sent with', async () => {
    engine = await FakeEngine.start({ 'iii::job::get': () => jobDetail });
    const { stdout } = await runCli(['job', 'show', ID, '--json'], { url: engine.url });
    expect(stdout).toContain('"payload":{"amount":9007199254740993}');
    expect(JSON.parse(stdout)).toMatchObject({
      id: ID,
      attempts: 1,
      maxAttempts: 1,
      history: [{ attempt: 1, outcome: 'failed', error: { code: 'card_declined' } }],
    });
  });

  it('of an unknown job ends with 5', async () => {
    engine = await FakeEngine.start({ 'iii::job::get': () => fail('JOB_NOT_FOUND', 'no job') });
    expect((await runCli(['job', 'show', 'nope'], { url: engine.url })).status).toBe(5);
  });
});

describe('iii job list', () => {
  const page = (nextCursor: string | null) => () => ({
    jobs: [jobDetail],
    total: 12_400,
    nextCursor,
  });

  it('says on stderr how to go on', async () => {
    engine = await FakeEngine.start({ 'iii::job::list': page('c2') });
    const argv = [
      'job',
      'list',
      'payment',
      '--state',
      'dead',
      '--state',
      'waiting',
      '--limit',
      '1',
      '-o',
      'name',
    ];
    const { stdout, stderr } = await runCli(argv, { url: engine.url });
    expect(stdout).toBe(`${ID}\n`);
    expect(stderr).toBe('1 of 12 400; next: --cursor c2\n');
    expect(engine.calls[0]?.data).toEqual({
      queue: 'payment',
      states: ['dead', 'waiting'],
      limit: 1,
    });
  });

  it('with --all asks page after page', async () => {
    let pages = 0;
    engine = await FakeEngine.start({
      'iii::job::list': () => page(++pages < 3 ? `c${pages}` : null)(),
    });
    const { stdout, stderr } = await runCli(['job', 'list', '--all', '--json'], {
      url: engine.url,
    });
    expect(JSON.parse(stdout)).toHaveLength(3);
    expect(stderr).toBe('');
    expect(engine.calls.map(({ data }) => (data as { cursor?: string }).cursor)).toEqual([
      undefined,
      'c1',
      'c2',
    ]);
  });

  it('with --all ends quietly when the reader has enough', async () => {
    engine = await FakeEngine.start({ 'iii::job::list': page('more') });
    const argv = ['job', 'list', '--all', '-o', 'name'];
    const { status, stdout } = await runCli(argv, { url: engine.url, closesAfter: 1 });
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${ID}\n` });
  });

  it.each(['0', '-1', '1.5', 'many'])('refuses --limit=%s', async (limit) => {
    engine = await FakeEngine.start({});
    const { status } = await runCli(['job', 'list', `--limit=${limit}`], { url: engine.url });
    expect(status).toBe(2);
  });
});

describe('iii job cancel', () => {
  const cancelled = () => ({ cancelled: 1, skipped: [] });

  it('does nothing in a script without --yes', async () => {
    engine = await FakeEngine.start({ 'iii::job::cancel': cancelled });
    const { status, stderr } = await runCli(['job', 'cancel', ID, '--json'], { url: engine.url });
    expect(status).toBe(2);
    expect(stderr).toContain('CONFIRMATION_NEEDED');
    expect(engine.calls).toEqual([]);
  });

  it.each([
    { types: 'y\n', calls: 1 },
    { types: 'n\n', calls: 0 },
    { types: '\n', calls: 0 },
  ])('asks on a terminal: $types', async ({ types, calls }) => {
    engine = await FakeEngine.start({ 'iii::job::cancel': cancelled });
    const { status } = await runCli(['job', 'cancel', ID], { url: engine.url, types });
    expect(status).toBe(0);
    expect(engine.calls).toHaveLength(calls);
  });

  it('names the first few of many before it asks', async () => {
    engine = await FakeEngine.start({});
    const ids = Array.from({ length: 7 }, (_, at) => `${ID.slice(0, -1)}${at}`);
    const { stderr } = await runCli(['job', 'cancel', ...ids], { url: engine.url, types: 'n\n' });
    expect(stderr).toContain(`${ids[4]}\n  and 2 more\n`);
  });

  it('with some jobs that cannot be cancelled ends with 3', async () => {
    engine = await FakeEngine.start({
      'iii::job::cancel': () => ({ cancelled: 1, skipped: [{ id: 'b', why: 'it is in flight' }] }),
    });
    const { status, stderr } = await runCli(['job', 'cancel', 'a', 'b', '--yes'], {
      url: engine.url,
    });
    expect(status).toBe(3);
    expect(stderr).toContain('b: it is in flight');
  });

  it('with a job that cannot be cancelled ends with 7, with one that is not there with 5', async () => {
    const skipped = () => ({ cancelled: 0, skipped: [{ id: 'a', why: 'it is in flight' }] });
    engine = await FakeEngine.start({
      'iii::job::cancel': skipped,
      'iii::job::get': () => jobDetail,
    });
    const argv = ['job', 'cancel', 'a', '--yes'];
    expect((await runCli(argv, { url: engine.url })).status).toBe(7);
    await engine.stop();
    engine = await FakeEngine.start({
      'iii::job::cancel': skipped,
      'iii::job::get': () => fail('JOB_NOT_FOUND', 'no job'),
    });
    expect((await runCli(argv, { url: engine.url })).status).toBe(5);
  });
});
