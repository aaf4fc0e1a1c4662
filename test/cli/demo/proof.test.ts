import { describe, expect, it } from 'vitest';
import { checkOrder, prove, type QueueClaim } from '../../../src/cli/demo/proof.ts';
import type { LogEntry } from '../../../src/cli/demo/worker-messages.ts';

function entry(event: LogEntry['event'], number: number, account = 'a'): LogEntry {
  return { event, jobId: `${account}-${number}`, queue: 'payment', account, number };
}

/** The log of payments that ran as promised. */
const GOOD_LOG: readonly LogEntry[] = [
  entry('started', 1),
  entry('started', 1, 'b'),
  entry('failed', 1),
  entry('completed', 1, 'b'),
  entry('started', 1),
  entry('completed', 1),
  entry('started', 2),
  entry('completed', 2),
];

const GOOD_CLAIM: QueueClaim = {
  queue: 'payment',
  receipts: ['a-1', 'a-2', 'b-1'],
  completed: 3,
  failedAttempts: 1,
  redriven: 0,
  stillDead: 0,
};

describe('the order of payments', () => {
  it('is kept when each starts after the one before it completed, whatever other accounts do', () => {
    expect(checkOrder(GOOD_LOG)).toEqual([
      { account: 'a', payments: 2, inOrder: true },
      { account: 'b', payments: 1, inOrder: true },
    ]);
  });

  it.each<[string, readonly LogEntry[]]>([
    ['a later one overtakes', [entry('started', 2), entry('completed', 2), entry('started', 1)]],
    ['two run at once', [entry('started', 1), entry('started', 2)]],
    [
      'a later one starts while the one before it waits for its next attempt',
      [entry('started', 1), entry('failed', 1), entry('started', 2), entry('completed', 2)],
    ],
    [
      'one runs again after it completed',
      [entry('started', 1), entry('completed', 1), entry('started', 1)],
    ],
  ])('is not kept when %s', (_name, log) => {
    expect(checkOrder(log)[0]?.inOrder).toBe(false);
  });
});

describe('the proof', () => {
  it('holds when every receipt stands for one completion and the engine counts the same', () => {
    expect(prove([GOOD_CLAIM], GOOD_LOG)).toMatchObject({
      ok: true,
      queues: [{ enqueued: 3, completed: 3, lost: 0 }],
    });
  });

  it('fails when a receipt has no completion', () => {
    const receipts = [...GOOD_CLAIM.receipts, 'a-3'];
    const proof = prove([{ ...GOOD_CLAIM, receipts, completed: 4 }], GOOD_LOG);
    expect(proof).toMatchObject({ ok: false, queues: [{ lost: 1 }] });
  });

  it('fails when a job completed twice in the worker', () => {
    const proof = prove([GOOD_CLAIM], [...GOOD_LOG, entry('started', 2), entry('completed', 2)]);
    expect(proof).toMatchObject({ ok: false, queues: [{ lost: 1 }] });
  });

  it('fails when the engine counts fewer than were enqueued, or a job is still dead', () => {
    expect(prove([{ ...GOOD_CLAIM, completed: 2 }], GOOD_LOG).ok).toBe(false);
    expect(prove([{ ...GOOD_CLAIM, stillDead: 1 }], GOOD_LOG).ok).toBe(false);
  });
});
