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
