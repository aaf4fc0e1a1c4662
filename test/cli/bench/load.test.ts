import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/clock.ts';
import { Latencies } from '../../../src/cli/bench/latencies.ts';
import { Load, type LoadPlan } from '../../../src/cli/bench/load.ts';
import { payloadMaker } from '../../../src/cli/bench/place.ts';

let clock: ManualClock;
/** Enqueues that wait for their answer. */
let asked: { readonly seq: number; answer(): void; refuse(): void }[];

beforeEach(() => {
  clock = new ManualClock();
  asked = [];
});

function startLoad(plan: Partial<LoadPlan>): { load: Load; ended: Promise<void> } {
  const defaults = { jobs: Infinity, durationMs: 60_000, outstanding: 2, patienceMs: 1_000 };
  const load = new Load(
    { ...defaults, ratePerSecond: null, ...plan },
    {
      clock,
      readMs: () => clock.now(),
      send: (seq) =>
        new Promise<void>((resolve, reject) => {
          const refuse = (): void => {
            reject(new Error(`no ${seq}`));
          };
          asked.push({ seq, answer: resolve, refuse });
        }),
    },
  );
  return { load, ended: load.run() };
}

const seqs = () => asked.map(({ seq }) => seq);

describe('times', () => {
  it('are read to within 1 %, the longest exactly', () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms);
    latencies.add(123_456.789);
    const { p50, p95, p99, max } = latencies.read();
    const within = (wanted: number) => [wanted, wanted * 1.011] as const;
    for (const [read, [from, to]] of [
      [p50, within(501)],
      [p95, within(951)],
      [p99, within(991)],
    ] as const) {
      expect(read).toBeGreaterThanOrEqual(from * 0.999);
      expect(read).toBeLessThanOrEqual(to);
    }
    expect(max).toBe(123_456.789);
  });

  it('that nobody took are null, and nothing at all is a time too', () => {
    expect(new Latencies().read()).toEqual({ p50: null, p95: null, p99: null, max: null });
    const latencies = new Latencies();
    latencies.add(0);
    expect(latencies.read().max).toBe(0);
  });
});

describe('a load', () => {
  it('keeps no more jobs on their way than wanted, until each has its receipt and has run', async () => {
    const { load } = startLoad({ outstanding: 2 });
    expect(seqs()).toEqual([0, 1]);
    load.arrived(0);
    expect(seqs()).toEqual([0, 1]);
    asked[0]?.answer();
    await clock.advance(0);
    expect(seqs()).toEqual([0, 1, 2]);
  });

  it('ends after the wanted number of jobs, when all have run', async () => {
    const { load, ended } = startLoad({ jobs: 3, outstanding: 5 });
    expect(seqs()).toEqual([0, 1, 2]);
    await clock.advance(100);
    for (const { seq, answer } of asked) {
      answer();
      load.arrived(seq);
    }
    await clock.advance(0);
    await ended;
    expect(load).toMatchObject({ enqueued: 3, completed: 3, lost: 0, duplicates: 0, left: 0 });
    expect(load.jobsPerSecond).toBe(30);
  });

  it('ends after the wanted time, and waits for what is on its way', async () => {
    const { load, ended } = startLoad({ durationMs: 500, outstanding: 1 });
    await clock.advance(500);
    asked[0]?.answer();
    load.arrived(0);
    await clock.advance(0);
    await ended;
    expect(load).toMatchObject({ sent: 1, completed: 1 });
  });

  it('counts a job that was taken and never ran as lost', async () => {
    const { load, ended } = startLoad({ jobs: 2, patienceMs: 1_000 });
    for (const { answer } of asked) answer();
    load.arrived(1);
    await clock.advance(1_500);
    await ended;
    expect(load).toMatchObject({ enqueued: 2, completed: 1, lost: 1, left: 1 });
  });

  it('counts runs beyond the first, before and after the receipt', async () => {
    const { load } = startLoad({ outstanding: 1 });
    load.arrived(0);
    load.arrived(0);
    asked[0]?.answer();
    await clock.advance(0);
    load.arrived(0);
    expect(load).toMatchObject({ completed: 1, duplicates: 2 });
  });

  it('does not take the only run of a job without receipt for a second one', async () => {
    const { load } = startLoad({ jobs: 1 });
    asked[0]?.refuse();
    await clock.advance(0);
    load.arrived(0);
    expect(load).toMatchObject({ enqueued: 0, failed: 1, duplicates: 0 });
    load.arrived(0);
    expect(load.duplicates).toBe(1);
  });

  it('gives up when everything is refused', async () => {
    const { load, ended } = startLoad({ outstanding: 1 });
    for (let at = 0; at < asked.length && at < 1_000; at++) {
      asked[at]?.refuse();
      await clock.advance(0);
    }
    await ended;
    expect(load.failed).toBe(100);
    expect(load.failure).toEqual(new Error('no 99'));
  });

  it('stops early with less patience when it is told to', async () => {
    const { load, ended } = startLoad({ patienceMs: 60_000 });
    load.stop(200);
    await clock.advance(400);
    await ended;
    expect(load).toMatchObject({ sent: 2, left: 2 });
  });

  it('at a rate times a job from when it was due, also when it had to wait here', async () => {
    const { load } = startLoad({ ratePerSecond: 10, outstanding: 1 });
    expect(seqs()).toEqual([0]);
    await clock.advance(500);
    expect(seqs()).toEqual([0]);
    asked[0]?.answer();
    load.arrived(0);
    await clock.advance(0);
    // Due at 100 ms, sent at 500.
    expect(seqs()).toEqual([0, 1]);
    asked[1]?.answer();
    load.arrived(1);
    expect(load.ends.read().max).toBe(500);
    await clock.advance(0);
    asked[2]?.answer();
    load.arrived(2);
    await clock.advance(0);
    expect(load.ends.read().p50).toBeGreaterThanOrEqual(400);
  });

  it('at a rate sends nothing before it is due', async () => {
    startLoad({ ratePerSecond: 10, outstanding: 100 });
    await clock.advance(350);
    expect(seqs()).toEqual([0, 1, 2, 3]);
  });
});

describe('a payload', () => {
  it.each([64, 300, 1_000])('has %i bytes, its number and its group', (bytes) => {
    const place = { kind: 'own', queue: 'q', groupField: 'größe' } as const;
    const payload = payloadMaker(bytes, place, 5)(12);
    expect(payload).toMatchObject({ seq: 12, größe: 2 });
    expect(Buffer.byteLength(JSON.stringify(payload))).toBe(bytes);
  });
});
