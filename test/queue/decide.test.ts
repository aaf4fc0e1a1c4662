import { describe, expect, it } from 'vitest';
import { decide } from '../../src/queue/decide.ts';
import { LIMITS } from '../../src/queue/limits.ts';
import type { Job, Lease, Outcome, QueuePolicy } from '../../src/queue/types.ts';
import {
  COMPLETED,
  failed,
  fixedRandom,
  INTERRUPTED,
  newJob,
  NOT_STARTED,
  policyOf,
  uuidOf,
} from '../support/store-fixture.ts';

const NOW = 1_000_000;
const TIMEOUT: Outcome = { kind: 'timeout', error: { code: 'timeout', message: 'too slow' } };

function leaseOf(attempt: number, job: Partial<Job> = {}): Lease {
  const whole: Job = {
    ...newJob(uuidOf(1), 0),
    seq: 1,
    state: 'in_flight',
    attempts: attempt - 1,
    interruptions: 0,
    epoch: 1,
    history: [],
    failure: null,
    leasedAt: NOW,
    endedAt: null,
    ...job,
  };
  return { job: whole, attempt, epoch: 1 };
}

function verdictOn(outcome: Outcome, lease: Lease, settings: Partial<QueuePolicy> = {}) {
  return decide(outcome, lease, policyOf('q', settings), NOW, fixedRandom());
}

describe('a failed attempt', () => {
  it.each([failed(), TIMEOUT])(
    'is tried again after the backoff while attempts are left',
    (outcome) => {
      expect(verdictOn(outcome, leaseOf(1))).toEqual({ kind: 'retry', dueAt: NOW + 1_000 });
      expect(verdictOn(outcome, leaseOf(2))).toEqual({ kind: 'retry', dueAt: NOW + 2_000 });
    },
  );

  it.each([failed(), TIMEOUT])('leaves the job dead when it was the last', (outcome) => {
    expect(verdictOn(outcome, leaseOf(3))).toMatchObject({
      kind: 'dead',
      reason: 'exhausted',
      countsAttempt: true,
    });
  });

  it('leaves the job dead at once when the worker says so', () => {
    expect(verdictOn(failed('non_retryable'), leaseOf(1))).toMatchObject({
      kind: 'dead',
      reason: 'non_retryable',
      countsAttempt: true,
    });
  });

  it('is tried again when the worker says, but not more often than allowed', () => {
    const outcome = failed('retry_after', 42);
    expect(verdictOn(outcome, leaseOf(1))).toEqual({ kind: 'retry', dueAt: NOW + 42 });
    expect(verdictOn(outcome, leaseOf(3))).toMatchObject({ kind: 'dead', reason: 'exhausted' });
  });

  it('waits for the backoff when the worker names no time, or names it beside another code', () => {
    const retry = { kind: 'retry', dueAt: NOW + 1_000 };
    expect(verdictOn(failed('retry_after'), leaseOf(1))).toEqual(retry);
    expect(verdictOn(failed('boom', 42), leaseOf(1))).toEqual(retry);
  });

  it('follows what the job itself asks for', () => {
    const lease = leaseOf(3, { overrides: { maxAttempts: 4, backoffMs: 10 } });
    expect(verdictOn(failed(), lease)).toEqual({ kind: 'retry', dueAt: NOW + 40 });
    const once = leaseOf(1, { overrides: { maxAttempts: 1 } });
    expect(verdictOn(failed(), once)).toMatchObject({ kind: 'dead', reason: 'exhausted' });
  });

  it('leaves an error that is cut to its limit', () => {
    const error = { code: 'boom', message: 'ü'.repeat(LIMITS.errorBytes) };
    const verdict = verdictOn({ kind: 'failed', error, retryAfterMs: null }, leaseOf(3));
    const kept = verdict.kind === 'dead' ? verdict.error.message : '';
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(LIMITS.errorBytes);
    expect(kept).toContain('(cut)');
  });
});

describe('an attempt that did not end by itself', () => {
  it('is given back when its worker was lost', () => {
    expect(verdictOn(INTERRUPTED, leaseOf(3))).toEqual({
      kind: 'return',
      countsInterruption: true,
    });
  });

  it('leaves the job dead when that happened too often', () => {
    const settings = { maxInterruptions: 2 };
    expect(verdictOn(INTERRUPTED, leaseOf(1, { interruptions: 1 }), settings).kind).toBe('return');
    expect(verdictOn(INTERRUPTED, leaseOf(1, { interruptions: 2 }), settings)).toMatchObject({
      kind: 'dead',
      reason: 'interrupted',
      countsAttempt: false,
    });
  });

  it('counts nothing when it never reached a worker', () => {
    const returned = { kind: 'return', countsInterruption: false };
    expect(verdictOn(NOT_STARTED, leaseOf(1))).toEqual(returned);
  });
});

it('a job that completed is done', () => {
  expect(verdictOn(COMPLETED, leaseOf(3))).toEqual({ kind: 'complete' });
});

it('a job that was not started in time is dead without an attempt', () => {
  expect(verdictOn({ kind: 'expired' }, leaseOf(1))).toMatchObject({
    kind: 'dead',
    reason: 'expired',
    countsAttempt: false,
  });
});
