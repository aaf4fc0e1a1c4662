import { describe, expect, it } from 'vitest';
import { startEngine } from '../../support/engine-fixture.ts';

const SECOND = 1_000;

describe('a cron trigger', () => {
  it('calls its function once at each tick, with the planned and the actual time', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('tick');
    const id = w.bind('cron', 'tick', { expression: '*/10 * * * * *' }, { team: 'ops' });
    await advance(35 * SECOND);
    expect(w.seen('tick')).toEqual(
      ['00:00:10', '00:00:20', '00:00:30'].map((time) => ({
        trigger: 'cron',
        job_id: id,
        scheduled_time: `2026-01-01T${time}.000Z`,
        actual_time: `2026-01-01T${time}.000Z`,
      })),
    );
    expect(w.deliveries()[0]).toMatchObject({ metadata: { team: 'ops' } });
  });

  it('fires each tick exactly once in a thousand', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('tick');
    w.bind('cron', 'tick', { expression: '* * * * * *' });
    for (let n = 0; n < 100; n++) await advance(10 * SECOND);
    const times = w.seen('tick').map((data) => (data as { scheduled_time: string }).scheduled_time);
    expect(times).toHaveLength(1_000);
    expect(new Set(times).size).toBe(1_000);
  });

  it('never runs twice at the same time: ticks meanwhile are skipped and counted', async () => {
    const { worker, advance, admin } = await startEngine();
    const w = worker();
    w.offer('slow');
    w.bind('cron', 'slow', { expression: '* * * * * *' });
    await advance(4 * SECOND);
    expect(w.seen('slow')).toHaveLength(1);
    w.answer(w.deliveries()[0]!);
    await advance(SECOND);
    expect(w.seen('slow')).toHaveLength(2);
    expect(await admin('engine::registered-triggers::list')).toMatchObject({
      registered_triggers: [{ runs: 2, missed: 3 }],
    });
  });

  it('goes on after a call that failed, and after one nobody could take', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({ error: { code: 'x', message: 'boom' } });
    w.bind('cron', 'late', { expression: '* * * * * *' });
    await advance(2 * SECOND);
    expect(w.seen('late')).toHaveLength(0);
    w.offer('late');
    await advance(2 * SECOND);
    expect(w.seen('late')).toHaveLength(2);
  });

  it('asks its condition first, and skips only for false', async () => {
    const { worker, advance } = await startEngine();
    const w = worker();
    const answers: unknown[] = [false, true, null, 'no'];
    w.onDelivery = ({ function_id }) =>
      function_id === 'whether' ? { result: answers.shift() } : {};
    w.offer('tick', 'whether');
    w.bind('cron', 'tick', { expression: '* * * * * *', condition_function_id: 'whether' });
    await advance(4 * SECOND);
    expect(w.seen('whether')).toHaveLength(4);
    expect(w.seen('tick')).toHaveLength(3);
  });

  it('does not run when its condition fails', async () => {
    const { worker, advance, logged } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({ error: { code: 'x', message: 'boom' } });
    w.offer('tick', 'whether');
    w.bind('cron', 'tick', { expression: '* * * * * *', condition_function_id: 'whether' });
    await advance(SECOND);
    expect(w.seen('tick')).toHaveLength(0);
    expect(logged.at(-1)).toMatchObject({
      fields: { function: 'whether', code: 'x', error: 'boom' },
    });
  });

  it('ends with its worker, with its registration, and with the engine', async () => {
    const { worker, advance, engine, clock } = await startEngine();
    const [gone, stays] = [worker(), worker()];
    for (const w of [gone, stays]) {
      w.onDelivery = () => ({});
      w.offer('tick');
    }
    gone.bind('cron', 'tick', { expression: '* * * * * *' });
    gone.disconnect();
    const id = stays.bind('cron', 'tick', { expression: '* * * * * *' });
    await advance(SECOND);
    expect(stays.seen('tick')).toHaveLength(1);
    stays.unbind(id);
    await advance(3 * SECOND);
    expect(stays.seen('tick')).toHaveLength(1);
    stays.bind('cron', 'tick', { expression: '* * * * * *' });
    await engine.stop();
    await advance(3 * SECOND);
    expect(stays.seen('tick')).toHaveLength(1);
    expect(clock.nextTimerAt()).toBeUndefined();
  });

  it('has its next three runs in the log and in the listing', async () => {
    const { worker, admin, logged } = await startEngine();
    worker().bind('cron', 'f', { expression: '0 9 * * 1-5', timezone: 'Europe/Berlin' });
    const next = [
      '2026-01-01T08:00:00.000Z',
      '2026-01-02T08:00:00.000Z',
      '2026-01-05T08:00:00.000Z',
    ];
    expect(logged.at(-1)).toMatchObject({ fields: { function: 'f', next_runs: next } });
    expect(await admin('engine::registered-triggers::list')).toMatchObject({
      registered_triggers: [
        {
          next_runs: next,
          config_summary: `0 9 * * 1-5 (Europe/Berlin), next ${next.join(', ')}`,
        },
      ],
    });
  });

  it.each([
    [{}, 'expression is required'],
    [{ expression: 5 }, 'expression must be a string'],
    [{ expression: '61 * * * *' }, "field 'minute'"],
    [{ expression: '0 0 30 2 *' }, 'names no time'],
    [{ expression: '* * * * *', timezone: 'Nowhere' }, "no time zone 'Nowhere'"],
    [{ expression: '* * * * *', condition_function_id: 1 }, 'condition_function_id must be'],
  ])('that cannot be read is refused, and the worker is told why: %j', async (config, why) => {
    const { worker, admin } = await startEngine();
    const w = worker();
    const id = w.bind('cron', 'f', config);
    expect(w.sent.at(-1)).toMatchObject({
      type: 'triggerregistrationresult',
      id,
      error: { code: 'trigger_registration_failed', message: expect.stringContaining(why) },
    });
    expect(await admin('engine::registered-triggers::list')).toEqual({ registered_triggers: [] });
  });
});

describe('a cron trigger and the wall clock', () => {
  const HOUR = 3_600 * SECOND;

  /** A worker with one cron trigger, at 2026-01-01T00:00:00Z unless told otherwise. */
  async function startTicking(config: object) {
    const { worker, advance, clock, admin, logged } = await startEngine();
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('tick');
    w.bind('cron', 'tick', config);
    return {
      clock,
      advance,
      logged,
      scheduled: () =>
        w.seen('tick').map((data) => (data as { scheduled_time: string }).scheduled_time),
      missed: async () => {
        const listed = await admin('engine::registered-triggers::list');
        const { registered_triggers } = listed as { registered_triggers: { missed: number }[] };
        return registered_triggers[0]?.missed;
      },
    };
  }

  it('sees within half a minute that time went on while the machine was suspended', async () => {
    const { clock, advance, scheduled, missed } = await startTicking({ expression: '0 * * * *' });
    await advance(10 * 60 * SECOND);
    // 00:10, suspended until 02:59:50; timers stood still
    clock.shiftWall(2 * HOUR + 49 * 60 * SECOND + 50 * SECOND);
    await advance(30 * SECOND);
    expect(scheduled()).toEqual(['2026-01-01T03:00:00.000Z']);
    expect(await missed()).toBe(2);
    await advance(HOUR);
    expect(scheduled().at(-1)).toBe('2026-01-01T04:00:00.000Z');
  });

  it('skips and counts ticks that were over long before they were seen', async () => {
    const { clock, advance, scheduled, missed, logged } = await startTicking({
      expression: '0 * * * *',
    });
    await advance(10 * 60 * SECOND);
    clock.shiftWall(5 * HOUR);
    await advance(60 * SECOND);
    expect(scheduled()).toEqual([]);
    expect(await missed()).toBe(5);
    expect(logged.at(-1)).toMatchObject({
      message: expect.stringContaining('their time was over'),
      fields: { missed: 5 },
    });
    await advance(49 * 60 * SECOND);
    expect(scheduled()).toEqual(['2026-01-01T06:00:00.000Z']);
  });

  it('does not count for ever after a long sleep, and goes on with the current tick', async () => {
    const { clock, advance, scheduled, missed } = await startTicking({ expression: '* * * * * *' });
    clock.shiftWall(1_000 * HOUR);
    await advance(SECOND);
    expect(scheduled()).toEqual(['2026-02-11T16:00:01.000Z']);
    expect(await missed()).toBeLessThan(1_100);
    await advance(2 * SECOND);
    expect(scheduled()).toHaveLength(3);
  });

  it('fires no tick twice when the clock is set back', async () => {
    const { clock, advance, scheduled, missed } = await startTicking({ expression: '0 * * * *' });
    await advance(90 * 60 * SECOND);
    clock.shiftWall(-HOUR);
    await advance(3 * HOUR);
    expect(scheduled()).toEqual([1, 2, 3].map((hour) => `2026-01-01T0${hour}:00:00.000Z`));
    expect(await missed()).toBe(0);
  });

  it('takes the new time when the clock was wrong by hours, and does not wait for the old', async () => {
    const { clock, advance, scheduled } = await startTicking({ expression: '0 * * * *' });
    clock.shiftWall(1_000.5 * HOUR);
    await advance(HOUR);
    clock.shiftWall(-1_000.5 * HOUR);
    await advance(2 * HOUR);
    expect(scheduled().slice(1)).toEqual([2, 3].map((hour) => `2026-01-01T0${hour}:00:00.000Z`));
  });

  it('waits for a clock that is slow by a moment, and fires once', async () => {
    const { clock, advance, scheduled } = await startTicking({ expression: '* * * * *' });
    await advance(45 * SECOND);
    clock.shiftWall(-3);
    await advance(15 * SECOND);
    expect(scheduled()).toEqual([]);
    await advance(3);
    expect(scheduled()).toEqual(['2026-01-01T00:01:00.000Z']);
    await advance(30 * SECOND);
    expect(scheduled()).toHaveLength(1);
  });

  it.each([
    // 02:30 is left out in Berlin on 29 March, and comes twice on 25 October
    ['30 2 * * *', '2026-03-28T12:00:00Z', ['2026-03-29T01:00', '2026-03-30T00:30']],
    ['30 2 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
    [
      '0 1-3 * * *',
      '2026-10-24T22:30:00Z',
      ['2026-10-24T23:00', '2026-10-25T00:00', '2026-10-25T02:00', '2026-10-26T00:00'],
    ],
  ])(
    'fires once when the clocks of a time zone change: %s from %s',
    async (expression, at, due) => {
      const { worker, advance, clock } = await startEngine();
      clock.shiftWall(Date.parse(at) - clock.now());
      const w = worker();
      w.onDelivery = () => ({});
      w.offer('tick');
      w.bind('cron', 'tick', { expression, timezone: 'Europe/Berlin' });
      const until = Date.parse(`${due.at(-1)!}Z`) - Date.parse(at);
      await advance(until);
      const seen = w
        .seen('tick')
        .map((data) => (data as { scheduled_time: string }).scheduled_time);
      expect(seen).toEqual(due.map((time) => `${time}:00.000Z`));
    },
  );
});
