import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import type { JobFilter, Store } from '../../src/queue/store.ts';
import { scanJobs } from '../../src/queue/scan.ts';
import { MemoryStore } from '../../src/stores/memory/memory-store.ts';
import { newJob, policyOf, uuidOf } from '../support/store-fixture.ts';

const EVERYTHING = { queues: null, states: null, order: 'accepted', after: null } as const;

async function idsOf(store: Store, after: string | null = null): Promise<string[]> {
  const ids: string[] = [];
  for await (const slice of scanJobs(store, { ...EVERYTHING, after })) {
    ids.push(...slice.map(({ id }) => id));
  }
  return ids;
}

/** A store that can only list. */
function listingOnly(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'scan') return undefined;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

async function open(): Promise<MemoryStore> {
  const store = new MemoryStore({ clock: new ManualClock() });
  await store.open([policyOf('q', { retainCompleted: 0 })]);
  return store;
}

describe('a scan', () => {
  it('keeps the order over pages of rows that were used again', async () => {
    const store = await open();
    const add = async (from: number, to: number): Promise<void> => {
      const jobs = [];
      for (let at = from; at < to; at++) jobs.push(newJob(uuidOf(at), 0));
      await store.append(jobs);
    };
    await add(0, 40_000);
    const gone = Array.from({ length: 15_000 }, (_, at) => uuidOf(at * 2));
    await store.cancel(gone);
    await add(40_000, 60_000);
    const kept = Array.from({ length: 60_000 }, (_, at) => at).filter(
      (at) => at >= 30_000 || at % 2 === 1,
    );
    expect(await idsOf(store)).toEqual(kept.map(uuidOf));
  });

  it('leaves out only the job that goes while rows are still collected', async () => {
    const store = new MemoryStore({ clock: new ManualClock() });
    const names = ['q', 'other'];
    await store.open(names.map((name) => policyOf(name, { retainCompleted: 0 })));
    const add = async (from: number, to: number, queue = 'q'): Promise<void> => {
      const jobs = [];
      for (let at = from; at < to; at++) jobs.push({ ...newJob(uuidOf(at), 0), queue });
      await store.append(jobs);
    };
    await add(0, 100);
    await add(1_000, 21_000, 'other');
    await store.cancel(Array.from({ length: 50 }, (_, at) => uuidOf(at)));
    await add(100, 150);
    const scan = store.scan({ ...EVERYTHING, queues: ['q'] });
    const ids: string[] = [];
    let steps = 0;
    for await (const slice of scan) {
      ids.push(...slice.map(({ id }) => id));
      if (steps++ > 0) continue;
      await store.cancel([uuidOf(75)]);
      await add(150, 151);
    }
    const stayed = Array.from({ length: 100 }, (_, at) => at + 50).filter((at) => at !== 75);
    expect(ids.slice(0, stayed.length)).toEqual(stayed.map(uuidOf));
  });

  it('through pages of a list shows the same, and goes on behind any job', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_200), fc.nat(1_200), async (count, place) => {
        const store = await open();
        await store.append(Array.from({ length: count }, (_, at) => newJob(uuidOf(at), 0)));
        const plain = listingOnly(store);
        expect(await idsOf(plain)).toEqual(await idsOf(store));
        const cursors: string[] = [];
        for await (const slice of scanJobs(plain, EVERYTHING)) {
          cursors.push(...slice.map(({ cursor }) => cursor));
        }
        const cursor = cursors[place];
        if (cursor !== undefined) {
          expect(await idsOf(plain, cursor)).toEqual((await idsOf(store)).slice(place + 1));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('may begin where a page of a list ended', async () => {
    const store = await open();
    await store.append(Array.from({ length: 10 }, (_, at) => newJob(uuidOf(at), 0)));
    const filter: JobFilter = { ...EVERYTHING, functionId: null, limit: 4, cursor: null };
    const { nextCursor } = await store.list(filter);
    expect(await idsOf(store, nextCursor)).toEqual([4, 5, 6, 7, 8, 9].map(uuidOf));
    expect(await idsOf(listingOnly(store), nextCursor)).toHaveLength(6);
  });
});
