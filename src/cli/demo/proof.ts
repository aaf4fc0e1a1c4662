import type { LogEntry } from './worker-messages.ts';

/** What is known of one queue at the end. */
export interface QueueResult {
  readonly queue: string;
  readonly enqueued: number;
  /** As the engine counts. */
  readonly completed: number;
  readonly failedAttempts: number;
  readonly redriven: number;
  readonly stillDead: number;
  /** Receipts whose job the worker's log does not show as completed exactly once. */
  readonly lost: number;
}

export interface AccountOrder {
  readonly account: string;
  readonly payments: number;
  readonly inOrder: boolean;
}

export interface Proof {
  readonly ok: boolean;
  readonly queues: readonly QueueResult[];
  readonly accounts: readonly AccountOrder[];
}

/** What the engine says about a queue, beside the receipts the producer holds. */
export interface QueueClaim {
  readonly queue: string;
  readonly receipts: readonly string[];
  readonly completed: number;
  readonly failedAttempts: number;
  readonly redriven: number;
  readonly stillDead: number;
}

/** Holds the engine's counts and the producer's receipts against what the worker saw. */
export function prove(claims: readonly QueueClaim[], log: readonly LogEntry[]): Proof {
  const completions = new Map<string, number>();
  for (const { event, jobId } of log) {
    if (event === 'completed') completions.set(jobId, (completions.get(jobId) ?? 0) + 1);
  }
  const queues = claims.map(({ receipts, ...claim }) => ({
    ...claim,
    enqueued: receipts.length,
    lost: receipts.filter((id) => completions.get(id) !== 1).length,
  }));
  const accounts = checkOrder(log);
  const ok =
    queues.every(
      ({ enqueued, completed, stillDead, lost }) =>
        completed === enqueued && stillDead === 0 && lost === 0,
    ) && accounts.every(({ inOrder }) => inOrder);
  return { ok, queues, accounts };
}

/**
 * Whether the payments of each account ran strictly one after the other: number n + 1 started only
 * after number n had completed, and none ran beside another.
 */
export function checkOrder(log: readonly LogEntry[]): readonly AccountOrder[] {
  const accounts = new Map<string, { running: number | null; done: number; inOrder: boolean }>();
  for (const { event, account, number } of log) {
    if (account === null || number === null) continue;
    const state = accounts.get(account) ?? { running: null, done: 0, inOrder: true };
    accounts.set(account, state);
    if (event === 'started') {
      if (state.running !== null || number !== state.done + 1) state.inOrder = false;
      state.running = number;
    } else {
      if (state.running !== number) state.inOrder = false;
      state.running = null;
      if (event === 'completed') state.done = number;
    }
  }
  return [...accounts].map(([account, { done, inOrder }]) => ({
    account,
    payments: done,
    inOrder,
  }));
}
