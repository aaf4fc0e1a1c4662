import { describe, expect, it } from 'vitest';
import { policy, startEngine } from '../support/engine-fixture.ts';

describe('queues that get other settings while they run', () => {
  it('count attempts that started before against a rate limit that stays', async () => {
    const limited = policy('q', { rateLimit: { max: 2, perMs: 1_000 } });
    const { engine, worker, enqueue, advance } = await startEngine([limited]);
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('f');
    for (let i = 0; i < 5; i++) await enqueue('f', { i }, { queue: 'q' });
    await advance(500);
    engine.reconfigure([{ ...limited, maxAttempts: 7 }]);
    await advance(499);
    expect(w.deliveries()).toHaveLength(2);
    await advance(1);
    expect(w.deliveries()).toHaveLength(4);
  });

  it('count attempts that started before against another rate limit', async () => {
    const limited = policy('q', { rateLimit: { max: 2, perMs: 1_000 } });
    const { engine, worker, enqueue, advance } = await startEngine([limited]);
    const w = worker();
    w.onDelivery = () => ({});
    w.offer('f');
    for (let i = 0; i < 9; i++) await enqueue('f', { i }, { queue: 'q' });
    await advance(500);
    engine.reconfigure([{ ...limited, rateLimit: { max: 3, perMs: 1_000 } }]);
    await advance();
    expect(w.deliveries()).toHaveLength(3);
    engine.reconfigure([{ ...limited, rateLimit: { max: 1, perMs: 1_000 } }]);
    await advance(999);
    expect(w.deliveries()).toHaveLength(3);
    await advance(1);
    expect(w.deliveries()).toHaveLength(4);
    engine.reconfigure([{ ...limited, rateLimit: null }]);
    await advance();
    expect(w.deliveries()).toHaveLength(9);
  });

  it('leave attempts in flight alone when concurrency changes', async () => {
    const { engine, worker, enqueue, advance, events } = await startEngine([
      policy('q', { concurrency: 3 }),
    ]);
    const w = worker();
    w.offer('f');
    for (let i = 0; i < 8; i++) await enqueue('f', { i }, { queue: 'q' });
    await advance();
    expect(w.deliveries()).toHaveLength(3);
    engine.reconfigure([policy('q', { concurrency: 1 })]);
    await advance(1_000);
    expect(w.deliveries()).toHaveLength(3);
    engine.reconfigure([policy('q', { concurrency: 5 })]);
    await advance();
    expect(w.seen('f')).toEqual([0, 1, 2, 3, 4].map((i) => ({ i })));
    w.onDelivery = () => ({});
    for (const delivery of w.deliveries()) w.answer(delivery);
    await advance();
    expect(w.seen('f')).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => ({ i })));
    const ends = events.map(({ kind }) => kind).filter((kind) => /^job_(?!enq)|stale/.test(kind));
    expect(ends).toEqual(Array(8).fill('job_completed'));
  });

  it('take jobs of a new queue, and of a changed one by its new type', async () => {
    const { engine, worker, enqueue, advance } = await startEngine();
    await expect(enqueue('f', {}, { queue: 'mail' })).rejects.toThrow("Queue 'mail' not found");
    engine.reconfigure([
      policy('mail'),
      policy('default', { type: 'fifo', groupField: 'account', groupConcurrency: 9 }),
    ]);
    await expect(enqueue('f', { n: 0 })).rejects.toThrow(/account/);
    for (const [n, account] of ['a', 'a', 'b'].entries()) await enqueue('f', { account, n });
    await enqueue('f', { n: 3 }, { queue: 'mail' });
    const w = worker();
    w.offer('f');
    await advance();
    expect(w.seen('f').map((data) => (data as { n: number }).n)).toEqual([3, 0, 2].sort());
  });
});
