import type { DeadJob, JobDetail, QueueDetail, QueueSummary } from '../../src/admin/contract.ts';
import { defaultPolicy } from '../../src/queue/policy.ts';

/** Things an engine could answer, for tests of what is made of them. */

export const NOW = Date.UTC(2026, 0, 1, 12);

/** A time before `NOW`, as the engine writes it. */
export function ago(ms: number): string {
  return new Date(NOW - ms).toISOString();
}

const TOTALS = { enqueued: 12, completed: 9, failed: 4, dead: 3, redriven: 0, discarded: 0 };

export const paymentQueue: QueueSummary = {
  name: 'payment',
  type: 'fifo',
  paused: false,
  waiting: 12,
  delayed: 1,
  inFlight: 1,
  dead: 3,
  oldestWaitingMs: 65_000,
  workers: 2,
  inPerSecond: 1.5,
  outPerSecond: 0.25,
  totals: TOTALS,
};

export const mailQueue: QueueSummary = {
  ...paymentQueue,
  name: 'mail-with-a-rather-long-name',
  type: 'standard',
  paused: true,
  waiting: 0,
  delayed: 0,
  inFlight: 0,
  dead: 0,
  oldestWaitingMs: null,
  inPerSecond: 0,
  outPerSecond: 0,
};

export const paymentDetail: QueueDetail = {
  ...paymentQueue,
  config: {
    ...defaultPolicy('payment'),
    type: 'fifo',
    groupField: 'transaction_id',
    maxAttempts: 10,
    timeoutMs: 30_000,
  },
  waitingFor: [{ functionId: 'orders::charge', jobs: 12 }],
  groups: 4,
  drainMs: 48_000,
  waitP95Ms: 41_000,
  slo: { waitP95Ms: 60_000, currentWaitP95Ms: 41_000, isMet: true },
  jobMs: 900,
  concurrencyNeeded: 2,
  workersNeeded: 4,
};

const ERROR = { code: 'card_declined', message: 'the bank said no\nand closed the door' };

export const deadJob: DeadJob = {
  id: '3f0e6c1e-5d0b-4f43-9d3b-0a8f4f6f2c11',
  queue: 'payment',
  functionId: 'orders::charge',
  group: '"txn-1"',
  attempts: 10,
  reason: 'exhausted',
  error: ERROR,
  enqueuedAt: ago(600_000),
  failedAt: ago(120_000),
  payload: { amount: 12 },
  payloadText: '{"amount":12}',
};

export const jobDetail: JobDetail = {
  id: deadJob.id,
  queue: 'payment',
  functionId: 'orders::charge',
  state: 'dead',
  group: '"txn-1"',
  priority: 0,
  attempts: 1,
  maxAttempts: 1,
  enqueuedAt: ago(600_000),
  dueAt: null,
  interruptions: 0,
  payload: { amount: 9_007_199_254_740_992 },
  payloadText: '{"amount":9007199254740993}',
  dedupKey: null,
  traceparent: null,
  expiresAt: null,
  startedAt: null,
  endedAt: null,
  reason: 'exhausted',
  failedAt: ago(120_000),
  history: [
    {
      attempt: 1,
      startedAt: ago(121_500),
      endedAt: ago(120_000),
      worker: 'till',
      outcome: 'failed',
      error: { ...ERROR, stack: 'Error: the bank said no\n    at charge' },
    },
  ],
};
