import { describe, expect, it } from 'vitest';
import type { QueueDetail } from '../../src/admin/contract.ts';
import { paceOf } from '../../src/admin/queue-pace.ts';
import type { EngineFacts } from '../../src/queue/store.ts';
import { policy, startEngine } from '../support/engine-fixture.ts';

async function start() {
  const fixture = await startEngine([
    policy('mail', { sloWaitP95Ms: 2_000, concurrency: 4, maxAttempts: 2, backoffMs: 30_000 }),
  ]);
  const { admin } = fixture;
  const show = async (): Promise<QueueDetail> =>
    (await admin('iii::queue::get', { queue: 'mail' })) as QueueDetail;
  return { ...fixture, show };
}

describe('the pace of a queue', () => {
  it('is within its SLO while jobs start in time, and not once they wait longer', async () => {
    const { worker, enqueue, advance, show, admin } = await start();
    expect((await show()).slo).toEqual({
      waitP95Ms: 2_000,
      currentWaitP95Ms: null,
      isMet: true,
    });
    await enqueue('send', {}, { queue: 'mail' });
    await advance(3_000);
    // nobody runs it: what waits tells how long jobs wait
    expect((await show()).slo).toMatchObject({ currentWaitP95Ms: 3_000, isMet: false });
    worker().offer('send');
    await advance();
    const { waitP95Ms, slo } = await show();
    expect(waitP95Ms).toBeGreaterThanOrEqual(3_000);
    expect(waitP95Ms).toBeLessThanOrEqual(3_000 * (1 + 1 / 16));
    expect(slo).toMatchObject({ currentWaitP95Ms: waitP95Ms, isMet: false });
    expect(await admin('iii::queue::list')).toMatchObject({ queues: [{ slo: { isMet: false } }] });
    await advance(60_000);
    expect((await show()).slo).toMatchObject({ currentWaitP95Ms: null, isMet: true });
  });

  it('counts the wait of a retry from when its delay ended', async () => {
    const { worker, enqueue, advance, events } = await start();
    const failing = worker();
    failing.onDelivery = () => ({ error: { code: 'no', message: 'no' } });
    failing.offer('send');
    await enqueue('send', {}, { queue: 'mail' });
    await advance(29_000);
    failing.disconnect();
    await advance(1_500);
    worker().offer('send');
    await advance();
    const waits = events.flatMap((event) =>
      event.kind === 'attempt_started' ? [event.waitedMs] : [],
    );
    expect(waits).toEqual([0, 500]);
  });

  it('adds other engines on the same data up, and takes the longest wait of any', async () => {
    const { worker, enqueue, advance, engine, activity } = await start();
    worker().offer('send');
    await enqueue('send', {}, { queue: 'mail' });
    await advance();
    const other: EngineFacts = {
      functions: { send: 2 },
      rates: { mail: [3, 1] },
      waits: { mail: 5_000 },
    };
    // an engine of an earlier version tells no waits
    const earlier: EngineFacts = { functions: {}, rates: { mail: [1, 1] } };
    const stats = (await engine.store.stats()).get('mail');
    if (stats === undefined) throw new Error('the queue is not there');
    const settings = policy('mail', { sloWaitP95Ms: 2_000 });
    expect(paceOf({ engine, activity }, settings, stats, [other, earlier])).toMatchObject({
      workers: 3,
      inPerSecond: 4.1,
      waitP95Ms: 5_000,
      slo: { isMet: false },
    });
    expect(paceOf({ engine, activity }, settings, stats)).toMatchObject({
      workers: 1,
      waitP95Ms: 0,
      slo: { isMet: true },
    });
  });

  it('says how many workers and places it takes, retries counted in', async () => {
    const { worker, enqueue, advance, show } = await start();
    expect(await show()).toMatchObject({ jobMs: null, workersNeeded: null });
    const slow = worker();
    slow.offer('send');
    for (let n = 0; n < 4; n++) await enqueue('send', { n }, { queue: 'mail' });
    await advance(5_000);
    for (const delivery of slow.deliveries()) {
      slow.answer(delivery, { error: { code: 'no', message: 'no' } });
    }
    await advance(30_000);
    await advance(5_000);
    for (const delivery of slow.deliveries().slice(4)) slow.answer(delivery);
    for (let n = 0; n < 20; n++) await enqueue('send', { n }, { queue: 'mail' });
    await advance();
    // 2 jobs per second, each of which runs for 10 s in two attempts; 4 at once with one worker
    expect(await show()).toMatchObject({
      inPerSecond: 2,
      jobMs: 10_000,
      concurrencyNeeded: 20,
      workers: 1,
      workersNeeded: 5,
    });
  });
});
