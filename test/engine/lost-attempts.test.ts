import { onTestFinished, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { Engine } from '../../src/engine/engine.ts';
import { readTraceparent } from '../../src/observe/trace-context.ts';
import { Tracer } from '../../src/observe/tracer.ts';
import type { Reclaimed, Settlement, Store, StoreTraits } from '../../src/queue/store.ts';
import { FileStore } from '../../src/stores/file/file-store.ts';
import { LmdbRecords } from '../../src/stores/file/lmdb-records.ts';
import { MemoryArchive } from '../../src/stores/memory/memory-archive.ts';
import { MemoryStateStore } from '../../src/stores/memory/memory-state-store.ts';
import { MemoryStore } from '../../src/stores/memory/memory-store.ts';
import { FakeWorker, policy } from '../support/engine-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { newFolder } from '../support/file-maker.ts';
import { newJob } from '../support/store-fixture.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly unknown[];
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const QUEUE = policy('q', { maxAttempts: 3 });

async function start(clock: ManualClock, store: Store) {
  const spans: Span[] = [];
  const tracing = new Tracer({
    clock,
    random: systemRandom,
    samplingRatio: 1,
    onSpan: (text) => spans.push(JSON.parse(text) as Span),
  });
  const engine = new Engine({
    store,
    state: new MemoryStateStore(),
    policies: [QUEUE],
    clock,
    random: systemRandom,
    log: silentLogger,
    archive: new MemoryArchive(),
    undoWindowMs: 900_000,
    maxJobBytes: 1_000_000,
    shutdownGraceMs: 0,
    tracing,
  });
  await engine.start();
  const enqueue = async (): Promise<void> => {
    const facts = { traceparent: null, baggage: null, metadata: null };
    const data = { text: '{}', depth: 1 };
    await engine.enqueue([{ functionId: 'f', data, options: { queue: 'q' }, ...facts }]);
  };
  const named = (name: string): Span[] => spans.filter((span) => span.name === name);
  return { engine, enqueue, named };
}

function fileStore(clock: ManualClock, folder: string): FileStore {
  const openRecords = () => new LmdbRecords(folder, 'write');
  return new FileStore({ clock, log: silentLogger, path: folder, openRecords });
}

const nanos = (ms: number): string => `${ms}000000`;

it('an attempt that ended with its engine leaves one span, from its lease until it was noticed', async () => {
  const clock = new ManualClock();
  const folder = newFolder();
  const firstStore = fileStore(clock, folder);
  const first = await start(clock, firstStore);
  await first.enqueue();
  await clock.advance(1_000);
  const worker = new FakeWorker(first.engine);
  worker.offer('f');
  await eventually(() => worker.deliveries().length === 1);
  const leasedAt = clock.now();
  // what a killed engine leaves: the store let go of, and nothing settled
  await firstStore.close();
  expect(first.named('process q')).toEqual([]);

  await clock.advance(5_000);
  const noticedAt = clock.now();
  const second = await start(clock, fileStore(clock, folder));
  const [enqueued] = first.named('enqueue q');
  const { spanId } = readTraceparent(worker.deliveries()[0]?.['traceparent'] as string) ?? {};
  expect(second.named('process q')).toMatchObject([
    {
      traceId: enqueued?.traceId,
      parentSpanId: enqueued?.spanId,
      spanId,
      startTimeUnixNano: nanos(leasedAt),
      endTimeUnixNano: nanos(noticedAt),
      status: { code: 2, message: 'engine ended' },
      attributes: expect.arrayContaining([
        { key: 'iii.job.attempt', value: { intValue: '1' } },
        { key: 'iii.attempt.outcome', value: { stringValue: 'interrupted' } },
      ]) as unknown,
    },
  ]);

  const again = new FakeWorker(second.engine);
  again.onDelivery = () => ({});
  again.offer('f');
  await eventually(() => second.named('process q').length === 2);
  const [lost, done] = second.named('process q');
  expect(done).toMatchObject({ traceId: enqueued?.traceId, status: {} });
  expect(done?.spanId).not.toBe(lost?.spanId);
  await second.engine.stop();

  const third = await start(clock, fileStore(clock, folder));
  onTestFinished(() => third.engine.stop());
  expect(third.named('process q')).toEqual([]);
});

const MEMORY_TRAITS = new MemoryStore({ clock: new ManualClock() }).traits;

/** What other engines do to a shared store, as this one sees it. */
class SharedStore extends MemoryStore {
  override readonly traits: StoreTraits = { ...MEMORY_TRAITS, sharedByEngines: true };
  found: Reclaimed[] = [];
  /** The jobs whose end is not taken: another engine was faster. */
  readonly gone = new Set<string>();

  override async reclaim(): Promise<readonly Reclaimed[]> {
    return this.found.splice(0);
  }

  override async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    return settlements.map(({ id }) => !this.gone.has(id));
  }
}

it('where engines share a store its lease expired, and only the engine that gave it back says so', async () => {
  const clock = new ManualClock();
  const store = new SharedStore({ clock });
  await store.open([QUEUE]);
  const ids = ['00000001-0000-4000-8000-000000000000', '00000002-0000-4000-8000-000000000000'];
  await store.append(ids.map((id) => newJob(id, clock.now(), { queue: 'q', traceparent: PARENT })));
  const leases = await store.lease({ queue: 'q', limit: 2, offer: { has: () => true } });
  store.found = leases.map((lease) => ({ lease, cause: 'orphaned' }));
  store.gone.add(ids[1] ?? '');
  const { named } = await start(clock, store);
  expect(named('process q')).toMatchObject([
    { traceId: TRACE, status: { code: 2, message: 'lease expired' } },
  ]);
});

it('an attempt whose end came too late leaves its span to who took its job', async () => {
  const clock = new ManualClock();
  const store = new SharedStore({ clock });
  const { engine, enqueue, named } = await start(clock, store);
  const worker = new FakeWorker(engine);
  worker.offer('f');
  const stale: unknown[] = [];
  engine.events.subscribe(({ kind }) => kind === 'stale_answer' && stale.push(kind));
  await enqueue();
  await eventually(() => worker.deliveries().length === 1);
  const [delivery] = worker.deliveries();
  const { id } = (delivery?.['metadata'] as { 'iii.job': { id: string } })['iii.job'];
  store.gone.add(id);
  worker.answer(delivery ?? {});
  await eventually(() => stale.length === 1);
  expect(named('process q')).toEqual([]);
});
