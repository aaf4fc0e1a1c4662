import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect } from 'vitest';
import { ManualClock } from '../../src/base/clock.ts';
import { decide } from '../../src/queue/decide.ts';
import type { Store } from '../../src/queue/store.ts';
import type { Lease, NewJob, Outcome } from '../../src/queue/types.ts';
import type { StoreMaker } from '../support/store-fixture.ts';
import {
  fixedRandom,
  INTERRUPTED,
  newJob,
  offerOf,
  recordOf,
  uuidOf,
} from '../support/store-fixture.ts';
import type { JobShape, Step } from './model-steps.ts';
import { OUTCOMES, QUEUE_NAMES, QUEUES, runsOfSteps } from './model-steps.ts';
import type { Ending, OracleJob } from './oracle.ts';
import { Oracle } from './oracle.ts';

const EVERYTHING = 10_000;

export interface ModelReport {
  readonly runs: number;
  /** Steps carried out, over all runs. */
  readonly steps: number;
  /** How often each kind of step came. */
  readonly byKind: ReadonlyMap<string, number>;
}

export interface ModelOptions {
  readonly runs: number;
  readonly seed: number;
  /** Whether to look for a shorter sequence after a difference; yes unless said otherwise. */
  readonly shrinks?: boolean;
}

/**
 * Compares a store with the oracle after every step of random runs. Rejects with the shortest
 * sequence of steps after which they differ.
 */
export async function runModel(maker: StoreMaker, options: ModelOptions): Promise<ModelReport> {
  const byKind = new Map<string, number>();
  let runs = 0;
  let steps = 0;
  const property = fc.asyncProperty(runsOfSteps(maker.reopen !== undefined), async (sequence) => {
    runs++;
    const comparison = await Comparison.open(maker);
    try {
      for (const step of sequence) {
        steps++;
        byKind.set(step.kind, (byKind.get(step.kind) ?? 0) + 1);
        await comparison.carryOut(step);
      }
    } finally {
      await comparison.close();
    }
  });
  await fc.assert(property, {
    numRuns: options.runs,
    seed: options.seed,
    endOnFailure: options.shrinks === false,
  });
  return { runs, steps, byKind };
}

/** A store and the oracle beside it. */
class Comparison {
  readonly #maker: StoreMaker;
  readonly #clock: ManualClock;
  readonly #oracle: Oracle;
  #store: Store;
  #nextId = 1;
  /** Leases that were not settled. */
  #open: Lease[] = [];
  readonly #settled: Lease[] = [];
  readonly #signals = new Set<string>();
  /** The functions offered when each queue was last asked for jobs. */
  readonly #offered = new Map<string, readonly string[] | null>();

  private constructor(maker: StoreMaker, store: Store, clock: ManualClock) {
    this.#maker = maker;
    this.#clock = clock;
    this.#oracle = new Oracle(QUEUES, clock.now());
    this.#store = store;
    this.#watch();
  }

  static async open(maker: StoreMaker): Promise<Comparison> {
    const clock = new ManualClock();
    return new Comparison(maker, await maker.open(QUEUES, clock), clock);
  }

  async close(): Promise<void> {
    await (this.#maker.dispose?.(this.#store) ?? this.#store.close());
  }

  async carryOut(step: Step): Promise<void> {
    const before = this.#leasableIds();
    this.#signals.clear();
    await this.#act(step);
    await this.#reclaim();
    this.#expectSignals(before);
    await this.#compare();
  }

  async #act(step: Step): Promise<void> {
    const oracle = this.#oracle;
    switch (step.kind) {
      case 'append': {
        const jobs = step.jobs.map((shape) => this.#jobOf(shape));
        const expected = jobs.map((job) => oracle.append(job));
        const receipts = await this.#store.append(jobs);
        expectSame(
          receipts.map(({ id }) => id),
          expected,
        );
        return;
      }
      case 'lease': {
        const expected: OracleJob[] = [];
        while (expected.length < step.limit) {
          const [job] = oracle.leasable(step.queue, step.functions);
          if (job === undefined) break;
          oracle.start(job);
          expected.push(job);
        }
        const { queue, limit } = step;
        this.#offered.set(queue, step.functions);
        const leases = await this.#store.lease({ queue, limit, offer: offerOf(step.functions) });
        expectSame(
          leases.map(({ job }) => job.id),
          expected.map(({ input }) => input.id),
        );
        for (const [index, job] of expected.entries()) takeEpoch(job, leases[index]);
        this.#open.push(...leases);
        return;
      }
      case 'settle': {
        const leases = [...new Set(step.picks.map((pick) => pickFrom(this.#open, pick)))];
        await this.#settle(
          leases.filter((lease) => lease !== undefined),
          step.ending,
        );
        return;
      }
      case 'settle_again': {
        const lease = pickFrom(this.#settled, step.pick);
        if (lease !== undefined) await this.#settle([lease], step.ending);
        return;
      }
      case 'advance':
        oracle.now += step.byMs;
        await this.#clock.advance(step.byMs);
        return;
      case 'cancel': {
        const ids = this.#pickIds(step.picks);
        expectSame(await this.#store.cancel(ids), oracle.cancel(ids));
        return;
      }
      case 'redrive':
      case 'discard': {
        const { queues, limit } = step;
        const ids = step.picks === null ? null : this.#pickIds(step.picks);
        const dead = oracle.dead(queues, ids, limit);
        for (const job of dead) oracle[step.kind](job);
        const done = await this.#store[step.kind]({ queues, ids, limit });
        expectSame(
          done,
          dead.map(({ input }) => input.id),
        );
        return;
      }
      case 'pause':
        if (step.paused) oracle.paused.add(step.queue);
        else oracle.paused.delete(step.queue);
        await this.#store.pause(step.queue, step.paused);
        return;
      case 'reopen':
        if (this.#maker.reopen === undefined) return;
        this.#store = await this.#maker.reopen(this.#store, QUEUES, this.#clock);
        this.#offered.clear();
        this.#watch();
        if (this.#maker.gaps?.retention !== undefined) this.#oracle.forgetFinished();
        this.#settled.push(...this.#open);
        this.#open = [];
    }
  }

  /** Settles each of these leases the same way, in one batch. */
  async #settle(leases: readonly Lease[], ending: Ending): Promise<void> {
    const expected = leases.map((lease) => {
      const job = this.#find(lease.job.id);
      if (job?.state !== 'in_flight' || job.epoch !== lease.epoch) return false;
      this.#oracle.end(job, ending);
      return true;
    });
    expectSame(await this.#carryVerdicts(leases, OUTCOMES[ending]), expected);
    this.#open = this.#open.filter((lease) => !leases.includes(lease));
    this.#settled.push(...leases);
  }

  async #carryVerdicts(leases: readonly Lease[], outcome: Outcome): Promise<readonly boolean[]> {
    const at = this.#clock.now();
    const verdictOf = this.#maker.decide ?? decide;
    const settlements = leases.map((lease) => ({
      id: lease.job.id,
      epoch: lease.epoch,
      verdict: verdictOf(outcome, lease, this.#oracle.policy(lease.job.queue), at, fixedRandom()),
      record: recordOf(lease, outcome, at),
      at,
    }));
    return this.#store.settle(settlements);
  }

  /** Does what an engine does with jobs that need a verdict without having run. */
  async #reclaim(): Promise<void> {
    for (;;) {
      const reclaimed = await this.#store.reclaim(EVERYTHING);
      const orphans = this.#oracle.jobs.filter((job) => this.#isOrphan(job));
      const expected = [...this.#oracle.expiring(), ...orphans].map(({ input }) => input.id);
      expectSame(reclaimed.map(({ lease }) => lease.job.id).sort(), expected.sort());
      if (reclaimed.length === 0) return;
      for (const { lease, cause } of reclaimed) {
        const job = this.#find(lease.job.id);
        if (job === undefined) continue;
        takeEpoch(job, lease);
        if (cause === 'expired') this.#oracle.expire(job);
        else {
          this.#oracle.end(job, 'interrupted');
        }
        const outcome: Outcome = cause === 'expired' ? { kind: 'expired' } : INTERRUPTED;
        expectSame(await this.#carryVerdicts([lease], outcome), [true]);
      }
    }
  }

  /** Every time something offered became leasable there must have been a signal, or nobody would look. */
  #expectSignals(before: ReadonlySet<string>): void {
    for (const name of QUEUE_NAMES) {
      const offered = this.#oracle.leasable(name, this.#offered.get(name) ?? null);
      const fresh = offered.filter(({ input }) => !before.has(input.id));
      if (fresh.length > 0) expect(this.#signals).toContain(`leasable ${name}`);
    }
  }

  async #compare(): Promise<void> {
    const oracle = this.#oracle;
    const filter = {
      queues: null,
      states: null,
      functionId: null,
      cursor: null,
      limit: EVERYTHING,
    };
    const { jobs } = await this.#store.list({ ...filter, order: 'accepted' });
    const seen = jobs.map((job) => ({
      id: job.id,
      state: job.state,
      attempts: job.attempts,
      interruptions: job.interruptions,
      epoch: job.epoch,
      reason: job.failure?.reason ?? null,
      dueAt: job.state === 'delayed' ? job.dueAt : null,
    }));
    const inOrder = [...oracle.jobs].sort((a, b) => a.seq - b.seq);
    expectSame(
      seen,
      inOrder.map((job) => ({
        id: job.input.id,
        state: oracle.stateOf(job),
        attempts: job.attempts,
        interruptions: job.interruptions,
        epoch: job.epoch,
        reason: job.reason,
        dueAt: oracle.stateOf(job) === 'delayed' ? job.dueAt : null,
      })),
    );
    const died = await this.#store.list({ ...filter, order: 'died' });
    expectSame(
      died.jobs.map(({ id }) => id),
      oracle.dead(QUEUE_NAMES, null, EVERYTHING).map(({ input }) => input.id),
    );
    await this.#compareStats();
  }

  async #compareStats(): Promise<void> {
    const oracle = this.#oracle;
    const stats = await this.#store.stats();
    for (const { name, type } of QUEUES) {
      const jobs = oracle.jobs.filter(({ input }) => input.queue === name);
      const inState = (state: string) => jobs.filter((job) => oracle.stateOf(job) === state);
      const alive = jobs.filter(({ state }) => state === 'queued' || state === 'in_flight');
      const waiting = inState('waiting');
      const oldest = Math.min(...waiting.map(({ input }) => input.enqueuedAt));
      const { oldestWaitingAt, totals: _totals, ...seen } = stats.get(name) ?? {};
      expectSame(oldestWaitingAt, waiting.length === 0 ? null : oldest);
      const byFunction = new Map<string, number>();
      for (const { input } of waiting) {
        byFunction.set(input.functionId, (byFunction.get(input.functionId) ?? 0) + 1);
      }
      expectSame(seen, {
        waiting: waiting.length,
        delayed: inState('delayed').length,
        inFlight: inState('in_flight').length,
        dead: inState('dead').length,
        retained: inState('completed').length + inState('discarded').length,
        waitingByFunction: byFunction,
        groups: type === 'fifo' ? new Set(alive.map(({ input }) => input.group)).size : 0,
        paused: oracle.paused.has(name),
      });
    }
  }

  #watch(): void {
    this.#store.watch(({ kind, queue }) => this.#signals.add(`${kind} ${queue}`));
  }

  #jobOf(shape: JobShape): NewJob {
    const now = this.#clock.now();
    const { gaps } = this.#maker;
    return newJob(uuidOf(this.#nextId++), now, {
      queue: shape.fifo ? 'fifo' : 'standard',
      functionId: shape.functionId,
      group: shape.fifo ? shape.group : null,
      priority: shape.fifo || gaps?.priority !== undefined ? 0 : shape.priority,
      dueAt: now + shape.delayMs,
      expiresAt: shape.ttlMs === null ? null : now + shape.ttlMs,
      dedupKey: gaps?.dedup_key === undefined ? shape.dedupKey : null,
      overrides: shape.maxAttempts === undefined ? {} : { maxAttempts: shape.maxAttempts },
    });
  }

  #isOrphan(job: OracleJob): boolean {
    return job.state === 'in_flight' && !this.#open.some((lease) => lease.job.id === job.input.id);
  }

  #leasableIds(): Set<string> {
    const jobs = QUEUE_NAMES.flatMap((name) => this.#oracle.leasable(name, null));
    return new Set(jobs.map(({ input }) => input.id));
  }

  #find(id: string): OracleJob | undefined {
    return this.#oracle.jobs.find(({ input }) => input.id === id);
  }

  #pickIds(picks: readonly number[]): string[] {
    const picked = picks.map((pick) => pickFrom(this.#oracle.jobs, pick));
    return picked.filter((job) => job !== undefined).map(({ input }) => input.id);
  }
}

/** Epochs are the store's; what it promises is that each is higher than those before. */
function takeEpoch(job: OracleJob, lease: Lease | undefined): void {
  const epoch = lease?.epoch ?? 0;
  if (epoch <= job.epoch) expect(epoch).toBeGreaterThan(job.epoch);
  job.epoch = epoch;
}

function pickFrom<Item>(items: readonly Item[], pick: number): Item | undefined {
  return items[pick % Math.max(1, items.length)];
}

/** The usual assertion, asked only when it fails: it is slow, and there are a hundred thousand of them. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
}
