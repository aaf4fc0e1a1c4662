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

/** What a start finds. */
interface Before {
  readonly clock?: ManualClock;
  readonly records?: Map<string, string>;
  readonly isShared?: boolean;
}

const middle: Random = { uuid: () => 'uuid', fraction: () => 1 };
const RULE = {
  id: 'rule',
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
  { clock = new ManualClock(), records = new Map<string, string>(), isShared = false }: Before = {},
) {
  const notices: Notice[] = [];
  const tries: number[] = [];
  const readings = new Map<string, AlertReading>();
  const send = (body: string, signal: AbortSignal): Promise<string | null> => {
    if (signal.aborted) return Promise.resolve('stopped');
    tries.push(clock.now());
    const answer = answers.length === 0 ? null : (answers.shift() ?? null);
    if (answer === null) notices.push(JSON.parse(body) as Notice);
    return Promise.resolve(answer);
  };
  const alerts = new Alerts({
    rules: [{ ...RULE, send, ...rule }],
    readQueues: () => Promise.resolve([...readings.values()]),
    records: {
      list: () => Promise.resolve(new Map(records)),
      set: (key, text) => {
        if (text === null) records.delete(key);
        else records.set(key, text);
        return Promise.resolve();
      },
    },
    isShared,
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
  return { alerts, clock, notices, tries, readings, records, die, set };
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

describe('after a restart', () => {
  const rule = { when: 'no_workers' } as const;

  it('what fires is not told again, and its end is told with when it began', async () => {
    const before = watch(rule);
    before.set('payment', { withoutWorker: 2 });
    await before.clock.advance(70_000);
    expect(before.notices).toMatchObject([{ state: 'firing', repeated: false }]);
    before.alerts.stop();

    const after = watch(rule, [], before);
    after.set('payment', { withoutWorker: 2 });
    await after.clock.advance(120_000);
    expect(after.notices).toEqual([]);
    expect(after.alerts.firing()).toEqual([
      { when: 'no_workers', queue: 'payment', since: Date.parse(before.notices[0]?.since ?? '') },
    ]);
    after.set('payment', { withoutWorker: 0 });
    await after.clock.advance(4_000);
    expect(after.notices).toMatchObject([
      { state: 'resolved', queue: 'payment', since: before.notices[0]?.since },
    ]);
    expect(after.records.size).toBe(0);
  });

  it('what ended meanwhile is told as over, also of a queue that is gone', async () => {
    const before = watch(rule);
    before.set('payment', { withoutWorker: 2 });
    before.set('mail', { withoutWorker: 1 });
    await before.clock.advance(70_000);
    before.alerts.stop();
    const after = watch(rule, [], before);
    after.set('payment', { withoutWorker: 0 });
    await after.clock.advance(4_000);
    expect(after.notices.map(({ queue, state }) => [queue, state])).toEqual([
      ['payment', 'resolved'],
      ['mail', 'resolved'],
    ]);
  });

  it('a notice that was not delivered is told by the next start', async () => {
    const before = watch(rule, ['down', 'down']);
    before.set('payment', { withoutWorker: 2 });
    await before.clock.advance(63_000);
    expect([before.tries.length > 0, before.notices]).toEqual([true, []]);
    before.alerts.stop();
    const after = watch(rule, [], before);
    after.set('payment', { withoutWorker: 2 });
    await after.clock.advance(70_000);
    expect(after.notices).toMatchObject([{ state: 'firing' }]);
  });

  it('repeats come when they are due', async () => {
    const hourly = { ...rule, repeatMs: 3_600_000 };
    const before = watch(hourly);
    before.set('payment', { withoutWorker: 2 });
    await before.clock.advance(70_000);
    before.alerts.stop();
    const after = watch(hourly, [], before);
    after.set('payment', { withoutWorker: 2 });
    await after.clock.advance(3_500_000);
    expect(after.notices).toEqual([]);
    await after.clock.advance(100_000);
    expect(after.notices).toMatchObject([{ state: 'firing', repeated: true }]);
  });

  it('jobs that died before it count until they are old', async () => {
    const letters = { when: 'dead_letters', moreThan: 2 } as const;
    const before = watch(letters);
    before.die('payment', 3);
    await before.clock.advance(4_000);
    await before.clock.advance(20_000);
    before.die('payment');
    await before.clock.advance(2_000);
    before.alerts.stop();
    const after = watch(letters, [], before);
    await after.clock.advance(50_000);
    expect(after.notices).toEqual([]);
    await after.clock.advance(20_000);
    expect(after.notices).toMatchObject([
      { state: 'resolved', value: 0, since: before.notices[0]?.since },
    ]);
  });

  it('deaths that engines count for themselves are not taken for those of another', async () => {
    const letters = { when: 'dead_letters' } as const;
    const one = watch(letters, [], { isShared: true });
    one.die('payment');
    await one.clock.advance(4_000);
    expect(one.notices).toHaveLength(1);
    one.alerts.stop();
    const other = watch(letters, [], { ...one, isShared: true });
    await other.clock.advance(200_000);
    expect(other.notices).toEqual([]);
  });

  it('a record that is damaged does not hide the others', async () => {
    const before = watch(rule);
    before.set('payment', { withoutWorker: 2 });
    await before.clock.advance(70_000);
    before.alerts.stop();
    const records = new Map(before.records);
    records.set('rule:mail', '{}').set('rule:post', '{"since":');
    const after = watch(rule, [], { clock: before.clock, records });
    after.set('payment', { withoutWorker: 2 });
    await after.clock.advance(100_000);
    expect(after.notices).toEqual([]);
  });
});
