import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Random } from '../../../src/base/random.ts';
import { Alerts, type AlertReading, type AlertRule } from '../../../src/observe/alerts/alerts.ts';

interface Notice {
  readonly alert: string;
  readonly state: string;
  readonly queue: string;
  readonly text: string;
  readonly value: number;
  readonly since: string;
  readonly at: string;
  readonly repeated: boolean;
}

const middle: Random = { uuid: () => 'uuid', fraction: () => 1 };
const RULE = {
  queue: '*',
  moreThan: 0,
  withinMs: 60_000,
  forMs: 60_000,
  repeatMs: null,
} as const;

let running: Alerts | undefined;
afterEach(() => {
  running?.stop();
});

/** Alerts with a receiver that takes what `answers` says, one after the other, and then everything. */
function watch(
  rule: Partial<AlertRule> & Pick<AlertRule, 'when'>,
  answers: (string | null)[] = [],
) {
  const clock = new ManualClock();
  const notices: Notice[] = [];
  const tries: number[] = [];
  const readings = new Map<string, AlertReading>();
  const send = (body: string): Promise<string | null> => {
    tries.push(clock.now());
    const answer = answers.length === 0 ? null : (answers.shift() ?? null);
    if (answer === null) notices.push(JSON.parse(body) as Notice);
    return Promise.resolve(answer);
  };
  const alerts = new Alerts({
    rules: [{ ...RULE, send, ...rule }],
    readQueues: () => Promise.resolve([...readings.values()]),
    engine: { id: 'engine-1', host: 'here', version: '1.2.3' },
    clock,
    random: middle,
    log: silentLogger,
  });
  running = alerts;
  alerts.start();
  const die = (queue: string, jobs = 1): void => {
    for (let job = 0; job < jobs; job++) {
      alerts.observe({
        kind: 'job_dead',
        ...{ queue, id: `job-${job}`, reason: 'exhausted', durationMs: 1, traceparent: null },
        error: { code: 'no', message: 'no' },
      });
    }
  };
  const set = (queue: string, reading: Partial<AlertReading>): void => {
    readings.set(queue, { queue, withoutWorker: 0, slo: null, ...reading });
  };
  return { alerts, clock, notices, tries, readings, die, set };
}

describe('dead letters', () => {
  it('are told once when more than allowed die in time, and again when it is over', async () => {
    const { clock, notices, die, alerts } = watch({ when: 'dead_letters', moreThan: 2 });
    die('payment', 2);
    await clock.advance(10_000);
    expect(notices).toEqual([]);
    die('payment');
    await clock.advance(20_000);
    expect(notices).toMatchObject([
      {
        alert: 'dead_letters',
        state: 'firing',
        queue: 'payment',
        value: 3,
        limit: 2,
        text: '3 jobs of payment died within 1m',
        engine: { id: 'engine-1', host: 'here', version: '1.2.3' },
      },
    ]);
    expect(alerts.firing()).toMatchObject([{ when: 'dead_letters', queue: 'payment' }]);
    await clock.advance(60_000);
    expect(notices[1]).toMatchObject({ state: 'resolved', since: notices[0]!.since });
    expect(notices).toHaveLength(2);
    expect(alerts.firing()).toEqual([]);
  });

  it('of other queues do not count, and with * each queue counts by itself', async () => {
    const one = watch({ when: 'dead_letters', queue: 'mail' });
    one.die('payment');
    await one.clock.advance(5_000);
    expect(one.notices).toEqual([]);
    one.alerts.stop();
    const each = watch({ when: 'dead_letters', moreThan: 1 });
    each.die('payment');
    each.die('mail', 2);
    await each.clock.advance(5_000);
    expect(each.notices.map(({ queue }) => queue)).toEqual(['mail']);
  });
});

describe('a queue without workers', () => {
  it('is told after it has been so for as long as asked, and not of one that found some', async () => {
    const { clock, notices, set } = watch({ when: 'no_workers', repeatMs: 60_000 });
    set('payment', { withoutWorker: 7 });
    set('mail', { withoutWorker: 1 });
    await clock.advance(30_000);
    set('mail', {});
    await clock.advance(31_000);
    expect(notices).toEqual([]);
    await clock.advance(2_000);
    expect(notices).toMatchObject([
      { queue: 'payment', text: '7 jobs of payment wait for functions that no worker offers' },
    ]);
    await clock.advance(60_000);
    expect(notices[1]).toMatchObject({ state: 'firing', repeated: true });
    set('payment', {});
    await clock.advance(2_000);
    expect(notices[2]).toMatchObject({ state: 'resolved', repeated: false });
  });

  it('that is gone is over', async () => {
    const { clock, notices, set, readings } = watch({ when: 'no_workers', forMs: 0 });
    set('payment', { withoutWorker: 7 });
    await clock.advance(2_000);
    readings.clear();
    await clock.advance(2_000);
    expect(notices.map(({ state }) => state)).toEqual(['firing', 'resolved']);
  });
});

it('an SLO that is missed is told, with what it is', async () => {
  const { clock, notices, set } = watch({ when: 'slo', forMs: 0 });
  set('mail', { slo: { waitP95Ms: 2_000, currentWaitP95Ms: 9_000, isMet: false } });
  set('other', { slo: null });
  await clock.advance(2_000);
  expect(notices).toMatchObject([
    { text: 'jobs of mail wait 9s, with an SLO of 2s', value: 9_000 },
  ]);
  expect(notices).toHaveLength(1);
});

describe('a receiver that does not answer', () => {
  it('is asked again with growing delays, and what it gets stays in order', async () => {
    const { clock, notices, tries, die, alerts } = watch({ when: 'dead_letters' }, ['no', 'no']);
    die('mail');
    await clock.advance(2_000);
    expect(tries).toHaveLength(1);
    await clock.advance(90_000);
    expect(tries.slice(0, 3).map((at) => at - tries[0]!)).toEqual([0, 1_000, 3_000]);
    expect(notices.map(({ state }) => state)).toEqual(['firing', 'resolved']);
    expect(alerts.counts).toEqual({ delivered: 2, failed: 0, dropped: 0 });
  });

  it('is given up after eight tries, and what is too much meanwhile is dropped', async () => {
    const refusals = Array<string>(8).fill('no');
    const { clock, notices, die, alerts } = watch({ when: 'dead_letters' }, refusals);
    for (let queue = 0; queue < 30; queue++) die(`queue-${queue}`);
    await clock.advance(2_000);
    expect(alerts.counts).toEqual({ delivered: 0, failed: 0, dropped: 9 });
    await clock.advance(200_000);
    expect(alerts.counts.failed).toBe(1);
    expect(notices[0]?.queue).not.toBe('queue-0');
  });

  it('is left alone once the engine stops', async () => {
    const { clock, tries, die, alerts } = watch({ when: 'dead_letters' }, ['no', 'no', 'no']);
    die('mail');
    await clock.advance(2_000);
    alerts.stop();
    const before = tries.length;
    await clock.advance(600_000);
    expect(tries.length - before).toBeLessThanOrEqual(1);
    expect(alerts.counts.failed).toBe(1);
  });
});
