import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';
import { deadJob, jobDetail } from '../support/samples.ts';

let engine: FakeEngine;

afterEach(() => engine.stop());

type Input = Record<string, unknown>;
const plan = (total: number) => ({
  total,
  byFunction: [{ functionId: 'orders::charge', jobs: total }],
  sample: [deadJob.id],
  groups: [
    {
      ...{ functionId: 'orders::charge', queue: 'payment', target: 'payment', jobs: total },
      ...{ cluster: '5502bf3786', message: 'HTTP <number>', oldestAt: deadJob.failedAt },
      sample: deadJob.id,
    },
  ],
  skipped: [{ why: 'its queue is gone', jobs: 1, sample: deadJob.id }],
});
/** Answers a bulk call: a plan for a dry run, else a count. */
const bulk =
  (key: 'redriven' | 'discarded', total = 3) =>
  ({ data }: { readonly data: unknown }) => {
    const input = data as Input;
    const queue = input['queue'] ?? null;
    return input['dryRun'] === true
      ? { queue, [key]: 0, dryRun: true, plan: plan(total) }
      : { queue, [key]: total };
  };
const changes = () =>
  engine.calls.map(({ data }) => data as Input).filter((data) => data['dryRun'] !== true);

describe('iii dlq list', () => {
  it('without a queue counts the dead jobs of each', async () => {
    const counts = [
      { queue: 'payment', deadLetterQueue: 'payment', dead: 3, oldestFailedAt: deadJob.failedAt },
    ];
    engine = await FakeEngine.start({ 'iii::dlq::summary': () => ({ queues: counts }) });
    const { status, stdout } = await runCli(['dlq', 'list', '--json'], { url: engine.url });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(counts);
  });

  it('with a queue prints its dead jobs', async () => {
    engine = await FakeEngine.start({
      'iii::dlq::list': () => ({ jobs: [deadJob], total: 1, nextCursor: null }),
    });
    const { stdout } = await runCli(['dlq', 'list', 'payment', '--json'], { url: engine.url });
    expect(JSON.parse(stdout)).toMatchObject([
      {
        id: deadJob.id,
        queue: 'payment',
        functionId: 'orders::charge',
        group: '"txn-1"',
        attempts: 10,
        reason: 'exhausted',
        error: { code: 'card_declined' },
        failedAt: deadJob.failedAt,
        payload: { amount: 12 },
      },
    ]);
  });
});

describe('iii dlq show', () => {
  it('of a job that is alive ends with 5 and says where it is', async () => {
    engine = await FakeEngine.start({
      'iii::job::get': () => ({ ...jobDetail, state: 'waiting' }),
    });
    const { status, stderr } = await runCli(['dlq', 'show', jobDetail.id], { url: engine.url });
    expect(status).toBe(5);
    expect(stderr).toContain(`iii job show ${jobDetail.id}`);
  });
});

describe('iii dlq redrive', () => {
  it.each([
    { argv: ['payment'], input: { queue: 'payment' } },
    { argv: ['payment', '--all', '--yes'], input: { queue: 'payment' } },
    { argv: [], input: {} },
    { argv: ['payment', '--id', 'a', '--id', 'b'], input: { queue: 'payment', ids: ['a', 'b'] } },
    { argv: ['payment', '--limit', '2'], input: { queue: 'payment', limit: 2 } },
  ])('just does it in a script: $argv', async ({ argv, input }) => {
    engine = await FakeEngine.start({ 'iii::dlq::redrive': bulk('redriven') });
    const { status, stdout } = await runCli(['dlq', 'redrive', ...argv, '--json'], {
      url: engine.url,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ queue: input.queue ?? null, redriven: 3 });
    expect(engine.calls.map(({ data }) => data)).toEqual([input]);
  });

  it('with --dry-run prints the plan and changes nothing', async () => {
    engine = await FakeEngine.start({ 'iii::dlq::redrive': bulk('redriven') });
    const argv = ['dlq', 'redrive', 'payment', '--dry-run', '--json'];
    const { stdout } = await runCli(argv, { url: engine.url });
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, plan: { total: 3 } });
    expect(changes()).toEqual([]);
  });

  it.each(['redrive', 'discard'] as const)(
    '%s of everything is rehearsed by function and error, like a part of it',
    async (verb) => {
      const id = `iii::dlq::${verb}`;
      engine = await FakeEngine.start({
        [id]: bulk(verb === 'redrive' ? 'redriven' : 'discarded'),
      });
      const argv = ['dlq', verb, 'payment', '--all', '--dry-run'];
      const { stdout } = await runCli(argv, { url: engine.url });
      expect(stdout).toMatch(/JOBS +FUNCTION +TO +OLDEST +CLUSTER +ERROR/);
      expect(stdout).toMatch(/3 +orders::charge +payment .* 5502bf3786 +HTTP <number>/);
      expect(stdout).toMatch(/1 +its queue is gone/);
    },
  );

  it.each([
    { types: 'y\n', done: 1 },
    { types: 'no\n', done: 0 },
  ])('on a terminal shows the plan and asks: $types', async ({ types, done }) => {
    engine = await FakeEngine.start({ 'iii::dlq::redrive': bulk('redriven') });
    const { status, stderr } = await runCli(['dlq', 'redrive', 'payment'], {
      url: engine.url,
      types,
    });
    expect(status).toBe(0);
    expect(stderr).toContain('Bring back 3 dead jobs to payment');
    expect(stderr).toContain('3 jobs of orders::charge');
    expect(stderr).not.toContain('more');
    expect(changes()).toHaveLength(done);
  });

  it('of ids that are all unknown ends with 5, of some with 3', async () => {
    engine = await FakeEngine.start({
      'iii::dlq::redrive': ({ data }) => {
        const ids = (data as { ids: string[] }).ids;
        const notFound = ids.filter((id) => id === 'nope');
        return { queue: null, redriven: ids.length - notFound.length, notFound };
      },
    });
    const { url } = engine;
    expect((await runCli(['dlq', 'redrive', '--id', 'nope'], { url })).status).toBe(5);
    expect((await runCli(['dlq', 'redrive', '--id', 'nope', '--id', 'a'], { url })).status).toBe(3);
  });
});

describe('iii dlq discard', () => {
  const DISCARD = ['dlq', 'discard', 'payment'];

  it('of nothing has nothing to ask', async () => {
    engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded', 0) });
    const { status, stdout } = await runCli([...DISCARD, '--all'], { url: engine.url });
    expect(status).toBe(0);
    expect(stdout).toBe('0 dead jobs of payment discarded.\n');
  });

  it('without a selector needs --all, also with --yes', async () => {
    engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded') });
    const { status, stderr } = await runCli([...DISCARD, '--yes'], { url: engine.url });
    expect(status).toBe(2);
    expect(stderr).toContain('--all');
    expect(engine.calls).toEqual([]);
  });

  it.each([[['--id', 'a']], [['--all']], [['--id', 'a', '-o', 'json']]])(
    'does nothing in a script without --yes: %j',
    async (argv) => {
      engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded') });
      const { status, stderr } = await runCli([...DISCARD, ...argv], { url: engine.url });
      expect(status).toBe(2);
      expect(stderr).toContain('CONFIRMATION_NEEDED');
      expect(changes()).toEqual([]);
    },
  );

  it('with --yes does it', async () => {
    engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded', 1) });
    const argv = [...DISCARD, '--id', 'a', '--yes', '-o', 'json'];
    const { status, stdout } = await runCli(argv, { url: engine.url });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ queue: 'payment', discarded: 1 });
    expect(changes()).toEqual([{ queue: 'payment', ids: ['a'] }]);
  });

  it.each([
    { argv: ['--id', 'a'], total: 1, types: 'y\n', done: 1 },
    { argv: ['--all'], total: 3, types: 'y\n', done: 0 },
    { argv: ['--all'], total: 3, types: 'payment\n', done: 1 },
    { argv: ['--id', 'a'], total: 1_001, types: 'y\n', done: 0 },
    { argv: ['--id', 'a'], total: 1_001, types: 'payment\n', done: 1 },
  ])('of $total with $argv on a terminal is done after $types: $done', async (row) => {
    engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded', row.total) });
    const { status } = await runCli([...DISCARD, ...row.argv], {
      url: engine.url,
      types: row.types,
    });
    expect(status).toBe(0);
    expect(changes()).toHaveLength(row.done);
  });

  it('with --dry-run prints the plan and changes nothing', async () => {
    engine = await FakeEngine.start({ 'iii::dlq::discard': bulk('discarded') });
    const argv = [...DISCARD, '--all', '--dry-run', '--json'];
    const { stdout } = await runCli(argv, { url: engine.url });
    expect(JSON.parse(stdout)).toMatchObject({ queue: 'payment', dryRun: true });
    expect(changes()).toEqual([]);
  });
});
