import { describe, expect, it } from 'vitest';
import { assessSlo, drainMsOf, needsOf } from '../../src/observe/queue-needs.ts';

describe('an SLO', () => {
  it.each([
    { waited: 900, oldest: 5_000, current: 900, isMet: true },
    { waited: 1_000, oldest: null, current: 1_000, isMet: true },
    { waited: 1_001, oldest: null, current: 1_001, isMet: false },
    { waited: null, oldest: 2_000, current: 2_000, isMet: false },
    { waited: null, oldest: null, current: null, isMet: true },
  ])('of 1 s, with $waited waited and $oldest waiting: $isMet', (row) => {
    expect(assessSlo(1_000, row.waited, row.oldest)).toEqual({
      waitP95Ms: 1_000,
      currentWaitP95Ms: row.current,
      isMet: row.isMet,
    });
  });

  it('that is not promised has no status', () => {
    expect(assessSlo(null, 1_000, 1_000)).toBeNull();
  });
});

describe('what it takes to keep up', () => {
  const load = { inPerSecond: 12, jobMs: 2_000, limit: 10, workers: 2 };

  it.each([
    { what: 'each worker runs five of ten at once', of: load, concurrency: 24, workers: 5 },
    { what: 'no worker is there', of: { ...load, workers: 0 }, concurrency: 24, workers: 3 },
    { what: 'little comes in', of: { ...load, inPerSecond: 0.1 }, concurrency: 1, workers: 1 },
    { what: 'nothing comes in', of: { ...load, inPerSecond: 0 }, concurrency: 0, workers: 0 },
    { what: 'jobs take no time', of: { ...load, jobMs: 0 }, concurrency: 1, workers: 1 },
  ])('when $what: $concurrency at once, $workers workers', ({ of, concurrency, workers }) => {
    expect(needsOf(of)).toEqual({ concurrency, workers });
  });

  it('is not known before a job has finished', () => {
    expect(needsOf({ ...load, jobMs: null })).toBeNull();
  });
});

it.each([
  { jobs: 100, into: 0, out: 10, drainMs: 10_000 },
  { jobs: 100, into: 5, out: 10, drainMs: 20_000 },
  { jobs: 100, into: 10, out: 10, drainMs: null },
  { jobs: 100, into: 0, out: 0, drainMs: null },
  { jobs: 0, into: 0, out: 10, drainMs: null },
])('$jobs jobs, $into/s in, $out/s out: empty in $drainMs ms', ({ jobs, into, out, drainMs }) => {
  expect(drainMsOf(jobs, into, out)).toBe(drainMs);
});
