import { afterEach, describe, expect, it } from 'vitest';
import type { QueueDetail, SubscriptionView } from '../../src/admin/contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import { examine, type Facts } from '../../src/cli/doctor/checks.ts';
import { fail, FakeEngine } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';
import { ago, NOW, paymentDetail } from '../support/samples.ts';

const INFO = {
  version: '1.2.3',
  protocol: '0.22',
  pid: 1,
  startedAt: ago(60_000),
  now: ago(0),
  store: 'file',
  guarantee: 'on disk: synced before the receipt is sent',
  dataDir: './data',
};
const calm = {
  ...paymentDetail,
  dead: 0,
  waiting: 1,
  oldestWaitingMs: 10,
  paused: false,
  waitingFor: [],
};
const healthy: Facts = {
  cliVersion: '1.2.3',
  protocol: '0.22',
  nowMs: NOW,
  roundTripMs: 3,
  info: INFO,
  queues: [calm],
  workers: [],
  subscriptions: [],
  unreadable: null,
  config: null,
};
const subscription: SubscriptionView = {
  topic: 'orders',
  functionId: 'mail::send',
  queue: 'orders::mail::send',
  type: 'standard',
  maxAttempts: 3,
  concurrency: 10,
  conditionFunctionId: null,
  deadLetterTopic: null,
  workers: 0,
  waiting: 4,
  delayed: 0,
  inFlight: 0,
  dead: 0,
  skipped: 0,
};

describe('the checks', () => {
  it('tell of each alert that fires', () => {
    const alerts = [{ alert: 'no_workers', since: ago(1_000) }];
    const findings = examine({ ...healthy, queues: [{ ...calm, alerts }] });
    expect(findings.filter(({ level }) => level === 'warn')).toMatchObject([
      { check: 'alerts', text: `the alert no_workers of payment has fired since ${ago(1_000)}` },
    ]);
  });

  it('find a queue whose jobs wait longer than they should, and what would help', () => {
    const slo = { waitP95Ms: 2_000, currentWaitP95Ms: 9_000, isMet: false };
    const late = { ...calm, slo, workers: 1, workersNeeded: 3 };
    expect(examine({ ...healthy, queues: [late] }).filter(({ check }) => check === 'slo')).toEqual([
      {
        check: 'slo',
        level: 'warn',
        text: 'jobs of payment wait 9s, more than their SLO of 2s',
        mend: 'start workers: there is 1, and it takes about 3',
      },
    ]);
  });

  it('find nothing in a healthy engine', () => {
    const findings = examine(healthy);
    expect(findings.every(({ level }) => level === 'ok')).toBe(true);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['engine', 'versions', 'clock', 'store', 'workers', 'dead', 'config']),
    );
  });

  it.each<[string, Partial<Facts>, string, 'warn' | 'bad', string]>([
    ['a slow answer', { roundTripMs: 3_000 }, 'engine', 'warn', 'load'],
    ['another version', { cliVersion: '2.0.0' }, 'versions', 'warn', 'same version'],
    ['another time', { nowMs: NOW + 60_000 }, 'clock', 'warn', 'NTP'],
    ['jobs in memory', { info: { ...INFO, store: 'memory' } }, 'store', 'warn', '--store memory'],
    [
      'a full disk',
      { info: { ...INFO, refusal: { message: 'disk full', hint: 'make room on the disk' } } },
      'store',
      'bad',
      'make room on the disk',
    ],
    [
      'a missing function',
      { queues: [{ ...calm, waitingFor: [{ functionId: 'f', jobs: 2 }] }] },
      'workers',
      'bad',
      'registers f',
    ],
    [
      'a paused queue',
      { queues: [{ ...calm, paused: true }] },
      'paused',
      'warn',
      'iii queue resume payment',
    ],
    [
      'a long wait',
      { queues: [{ ...calm, oldestWaitingMs: 3_600_000 }] },
      'waiting',
      'warn',
      'iii group list payment --blocked',
    ],
    ['dead jobs', { queues: [{ ...calm, dead: 2 }] }, 'dead', 'warn', 'iii dlq errors payment'],
    [
      'an abandoned subscription',
      { subscriptions: [subscription] },
      'subscriptions',
      'bad',
      'iii topic unsubscribe orders mail::send',
    ],
  ])('find %s, and say what mends it', (_name, facts, check, level, mend) => {
    const found = examine({ ...healthy, ...facts }).filter((finding) => finding.level !== 'ok');
    expect(found).toMatchObject([{ check, level }]);
    expect(found[0]?.mend).toContain(mend);
  });

  it('say what they know of an engine whose store is away, and nothing of its jobs', () => {
    const unreadable = { message: 'Redis cannot be reached', hint: 'look at its log' };
    const findings = examine({ ...healthy, queues: [], unreadable });
    expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual([
      ...['engine ok', 'versions ok', 'clock ok', 'store bad', 'config ok'],
    ]);
    expect(findings[3]).toMatchObject({
      text: 'jobs cannot be read: Redis cannot be reached',
      mend: 'look at its log',
    });
  });

  it('find topics whose dead-letter topics lead back to them, each ring once', () => {
    const leads = (topic: string, deadLetterTopic: string | null): SubscriptionView => ({
      ...subscription,
      waiting: 0,
      topic,
      deadLetterTopic,
    });
    const found = examine({
      ...healthy,
      subscriptions: [
        leads('into', 'b'),
        leads('a', 'b'),
        leads('b', 'c'),
        leads('b', 'out'),
        leads('c', 'a'),
        leads('out', null),
        leads('y', 'x'),
        leads('x', 'y'),
      ],
    }).filter(({ level }) => level !== 'ok');
    expect(found.map(({ check, level, text }) => [check, level, text.split(' lead ')[0]])).toEqual([
      ['dead-letter topics', 'warn', "the dead-letter topics of 'a', 'b', 'c'"],
      ['dead-letter topics', 'warn', "the dead-letter topics of 'x', 'y'"],
    ]);
  });

  it('do not mind the way of the answer when clocks are compared, nor an engine without a clock', () => {
    const late = examine({ ...healthy, nowMs: NOW + 400, roundTripMs: 450 });
    expect(late.find(({ check }) => check === 'clock')?.level).toBe('ok');
    const { now, ...older } = INFO;
    const silent = examine({ ...healthy, info: older });
    expect([now, silent.find(({ check }) => check === 'clock')?.level]).toEqual([ago(0), 'ok']);
  });
});

describe('iii doctor', () => {
  let engine: FakeEngine;
  afterEach(() => engine.stop());

  const start = async (queue: QueueDetail = calm) => {
    engine = await FakeEngine.start({
      'iii::engine::info': () => INFO,
      'iii::queue::list': () => ({ queues: [queue] }),
      'iii::queue::get': () => queue,
      'iii::worker::list': () => ({ workers: [] }),
      'iii::topic::list': () => ({ topics: [] }),
    });
  };
  const doctor = (argv: readonly string[], columns?: number) =>
    runCli(['doctor', ...argv], {
      url: engine.url,
      clock: new ManualClock(NOW),
      env: { NO_COLOR: '1' },
      ...(columns === undefined ? {} : { columns }),
    });

  it('ends with 0 when there are only warnings, and with 1 when jobs are stuck', async () => {
    await start({ ...calm, dead: 2 });
    const warned = await doctor(['--json']);
    expect(warned.status).toBe(0);
    expect(JSON.parse(warned.stdout)).toContainEqual({
      check: 'dead',
      level: 'warn',
      text: '2 jobs of payment are dead',
      mend: 'iii dlq errors payment',
    });
    await engine.stop();
    await start(paymentDetail);
    expect((await doctor([])).status).toBe(1);
  });

  it('goes on when the store of the engine is away, and ends with 1', async () => {
    engine = await FakeEngine.start({
      'iii::engine::info': () => INFO,
      'iii::queue::list': () => fail('UNAVAILABLE', 'Redis is away', { hint: 'look at its log' }),
    });
    const { status, stdout } = await doctor(['--json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual({
      check: 'store',
      level: 'bad',
      text: 'jobs cannot be read: Redis is away',
      mend: 'look at its log',
    });
  });

  it('ends with the error when the engine does not let it look', async () => {
    engine = await FakeEngine.start({
      'iii::engine::info': () => INFO,
      'iii::queue::list': () => fail('FORBIDDEN', 'not yours'),
    });
    const { status, stdout, stderr } = await doctor(['--json']);
    expect(status).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toContain('FORBIDDEN');
  });

  it('shows each finding whole, and under it what mends it', async () => {
    await start({ ...calm, dead: 2 });
    const { stdout, stderr } = await doctor([], 40);
    expect(stdout.replaceAll(/\n? {2,}/g, ' ')).toContain(
      'ok store file (./data): on disk: synced before the receipt',
    );
    expect(stdout).toContain(
      'warn  dead\n      2 jobs of payment are dead\n      -> iii dlq errors payment\n',
    );
    expect(stderr).toContain('0 problems, ');
    expect((await doctor(['-o', 'name'])).stdout).toContain('\ndead warn\n');
  });
});
