import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { decide } from '../../../src/queue/decide.ts';
import type { Store, StoreSignal } from '../../../src/queue/store.ts';
import type { Lease } from '../../../src/queue/types.ts';
import { eventually } from '../../support/eventually.ts';
import { redisMaker } from '../../support/redis-maker.ts';
import { useRedisServer } from '../../support/redis-suite.ts';
import {
  COMPLETED,
  fixedRandom,
  newJob,
  offerOf,
  policyOf,
  uuidOf,
} from '../../support/store-fixture.ts';

describe('how often an engine turns to Redis', () => {
  const server = useRedisServer();
  const maker = redisMaker(server);
  const policy = policyOf('q');
  const clock = new ManualClock();
  let made = 0;
  const add = (store: Store, functionId: string) =>
    store.append([newJob(uuidOf(++made), clock.now(), { functionId })]);
  const lease = (store: Store, functions: readonly string[], limit = 1) =>
    store.lease({ queue: 'q', limit, offer: offerOf(functions) });

  /** Times that the server found something to read. */
  const reads = async (): Promise<number> =>
    Number(
      /total_reads_processed:(\d+)/.exec(String(await server().command('INFO', 'stats')))?.[1] ??
        NaN,
    );

  it('sends the end of an attempt and the next lease in one piece', async () => {
    const store = await maker.open([policy], clock);
    for (let count = 0; count < 60; count++) await add(store, 'f');
    let [held] = (await lease(store, ['f'])) as readonly [Lease];
    const before = await reads();
    for (let count = 0; count < 50; count++) {
      const verdict = decide(COMPLETED, held, policy, clock.now(), fixedRandom());
      const { id } = held.job;
      const settlement = { id, epoch: held.epoch, verdict, record: null, at: clock.now() };
      const [, next] = await Promise.all([store.settle([settlement]), lease(store, ['f'])]);
      [held] = next as readonly [Lease];
    }
    // asking for the number takes a few, and two writes would take twice fifty
    expect((await reads()) - before).toBeLessThan(70);
    await maker.dispose?.(store);
  });

  it('asks for nothing after accepting a job that only others can run', async () => {
    const store = await maker.open([policy], clock);
    const signals: StoreSignal[] = [];
    store.watch((signal) => signals.push(signal));
    await lease(store, ['g']);
    await add(store, 'f');
    expect(signals).toEqual([]);
    await add(store, 'g');
    expect(signals).toEqual([{ kind: 'leasable', queue: 'q' }]);
    await maker.dispose?.(store);
  });

  it('hears of the job of another engine after accepting one that it cannot run', async () => {
    const store = await maker.open([policy], clock);
    const other = await maker.join!(store, [policy], clock);
    const signals: StoreSignal[] = [];
    store.watch((signal) => signals.push(signal));
    await lease(store, ['g']);
    await lease(other, ['f']);
    await add(store, 'f');
    expect(await lease(other, ['f'])).toHaveLength(1);
    await add(other, 'g');
    expect(await eventually(() => signals[0])).toEqual({ kind: 'leasable', queue: 'q' });
    await maker.dispose?.(store);
  });

  it('looks at groups by their heads, however many jobs are behind them', async () => {
    const fifo = policyOf('q', { type: 'fifo', groupField: 'g' });
    const store = await maker.open([fifo], clock);
    const jobs = Array.from({ length: 2_000 }, (_, at) =>
      newJob(uuidOf(++made), clock.now(), { group: String(at % 5) }),
    );
    await store.append(jobs);
    const before = await reads();
    const found: number[] = [];
    for await (const groups of store.groups!({ queue: 'q', only: null, most: 1 })) {
      found.push(...groups.map((group) => group.jobs));
    }
    expect(found).toEqual([400, 400, 400, 400, 400]);
    expect((await reads()) - before).toBeLessThan(10);
    await maker.dispose?.(store);
  });
});
