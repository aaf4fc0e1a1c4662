import { ManualClock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { decide } from '../../src/queue/decide.ts';
import { defaultPolicy } from '../../src/queue/policy.ts';
import type { StoreGaps } from '../../src/queue/store-gaps.ts';
import type { FunctionOffer, Settlement, Store, StoreSignal } from '../../src/queue/store.ts';
import type {
  AttemptRecord,
  Job,
  Lease,
  NewJob,
  Outcome,
  QueuePolicy,
} from '../../src/queue/types.ts';

/** How a suite gets the store it tests. */
export interface StoreMaker {
  /** Opens a store over new, empty data. */
  open(policies: readonly QueuePolicy[], clock: ManualClock): Promise<Store>;
  /** Closes the store and opens its data again; absent where nothing survives. */
  readonly reopen?: (
    store: Store,
    policies: readonly QueuePolicy[],
    clock: ManualClock,
  ) => Promise<Store>;
  /** Opens the data of an open store a second time, as another engine does; absent where none can. */
  readonly join?: (
    store: Store,
    policies: readonly QueuePolicy[],
    clock: ManualClock,
  ) => Promise<Store>;
  /** The same, of an engine that no longer gives a sign of life: its clock stands still. */
  readonly joinSilent?: (store: Store, policies: readonly QueuePolicy[]) => Promise<Store>;
  /** What the store cannot do; nothing unless said. */
  readonly gaps?: StoreGaps;
  /** Closes the store and removes its data. */
  readonly dispose?: (store: Store) => Promise<void>;
  /** The decisions that go with it; the real ones unless a suite plants a bug. */
  readonly decide?: typeof decide;
}

/** A Random whose draws are always the same. */
export const fixedRandom = (fraction = 0): Random => ({
  uuid: () => '00000000-0000-4000-8000-000000000000',
  fraction: () => fraction,
});

/** A UUID made of a number. */
export function uuidOf(number: number): string {
  return `c0ffee00-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function policyOf(name: string, settings: Partial<QueuePolicy> = {}): QueuePolicy {
  return { ...defaultPolicy(name), backoffMs: 1_000, ...settings };
}

/** A job of queue `q` that calls function `f` at once. */
export function newJob(id: string, now: number, settings: Partial<NewJob> = {}): NewJob {
  return {
    id,
    queue: 'q',
    functionId: 'f',
    payload: '{"n":1}',
    group: null,
    priority: 0,
    enqueuedAt: now,
    dueAt: now,
    expiresAt: null,
    dedupKey: null,
    overrides: {},
    traceparent: null,
    baggage: null,
    metadata: null,
    ...settings,
  };
}

export function offerOf(functionIds: readonly string[] | null): FunctionOffer {
  return { has: (functionId) => functionIds === null || functionIds.includes(functionId) };
}

/** The history entry an engine writes for an outcome; `null` when nothing ran. */
export function recordOf(lease: Lease, outcome: Outcome, now: number): AttemptRecord | null {
  if (outcome.kind === 'not_started' || outcome.kind === 'expired') return null;
  return {
    attempt: lease.attempt,
    startedAt: lease.job.leasedAt ?? now,
    endedAt: now,
    worker: 'worker-1',
    outcome: outcome.kind,
    error: outcome.kind === 'completed' ? null : outcome.error,
  };
}

export const COMPLETED: Outcome = { kind: 'completed' };
export const NOT_STARTED: Outcome = { kind: 'not_started' };
export const INTERRUPTED: Outcome = {
  kind: 'interrupted',
  error: { code: 'interrupted', message: 'the worker went away' },
};

export function failed(code = 'boom', retryAfterMs: number | null = null): Outcome {
  return { kind: 'failed', error: { code, message: `it said ${code}` }, retryAfterMs };
}

/** One open store with a clock at hand, its jobs called by letters instead of UUIDs. */
export class StoreStage {
  readonly clock = new ManualClock();
  readonly signals: StoreSignal[] = [];
  readonly #maker: StoreMaker;
  readonly #policies: readonly QueuePolicy[];
  readonly #names: string[] = [];
  #store: Store | undefined;

  private constructor(maker: StoreMaker, policies: readonly QueuePolicy[]) {
    this.#maker = maker;
    this.#policies = policies;
  }

  /** Opens a store, runs `act` on it, and cleans up. Without policies: one standard queue `q`. */
  static async run(
    maker: StoreMaker,
    policies: readonly QueuePolicy[],
    act: (stage: StoreStage) => Promise<void>,
  ): Promise<void> {
    const stage = new StoreStage(maker, policies.length === 0 ? [policyOf('q')] : policies);
    stage.#use(await maker.open(stage.#policies, stage.clock));
    try {
      await act(stage);
    } finally {
      await (maker.dispose?.(stage.store) ?? stage.store.close());
    }
  }

  get store(): Store {
    if (this.#store === undefined) throw new Error('the stage is not open');
    return this.#store;
  }

  async reopen(): Promise<void> {
    if (this.#maker.reopen === undefined) throw new Error('this store cannot be opened again');
    this.#use(await this.#maker.reopen(this.store, this.#policies, this.clock));
  }

  /** A second engine on the same data. */
  async join(): Promise<Store> {
    if (this.#maker.join === undefined) throw new Error('this store is not shared');
    return this.#maker.join(this.store, this.#policies, this.clock);
  }

  /** A second engine on the same data that falls silent at once. */
  async silent(): Promise<Store> {
    if (this.#maker.joinSilent === undefined) throw new Error('this store is not shared');
    return this.#maker.joinSilent(this.store, this.#policies);
  }

  id(name: string): string {
    let index = this.#names.indexOf(name);
    if (index < 0) index = this.#names.push(name) - 1;
    return uuidOf(index);
  }

  names(ids: readonly string[]): string[] {
    return ids.map((id) => this.#names.find((name) => this.id(name) === id) ?? id);
  }

  job(name: string, settings: Partial<NewJob> = {}): NewJob {
    return newJob(this.id(name), this.clock.now(), settings);
  }

  async add(name: string, settings: Partial<NewJob> = {}): Promise<string> {
    const [receipt] = await this.store.append([this.job(name, settings)]);
    return receipt?.id ?? '';
  }

  /** A name per letter: `addAll('abc')`. */
  async addAll(letters: string, settings: Partial<NewJob> = {}): Promise<void> {
    for (const letter of letters) await this.add(letter, settings);
  }

  lease(limit = 1, functionIds: readonly string[] | null = null, queue = 'q') {
    return this.store.lease({ queue, limit, offer: offerOf(functionIds) });
  }

  /** Leases one job, which must be there. */
  async one(functionIds: readonly string[] | null = null, queue = 'q'): Promise<Lease> {
    const [lease] = await this.lease(1, functionIds, queue);
    if (lease === undefined) throw new Error(`nothing to lease in ${queue}`);
    return lease;
  }

  /** The names of what is leased, in order, as one text. */
  async leased(limit = 1, functionIds: readonly string[] | null = null): Promise<string> {
    const leases = await this.lease(limit, functionIds);
    return this.names(leases.map(({ job }) => job.id)).join('');
  }

  settlement(lease: Lease, outcome: Outcome): Settlement {
    const policy = this.#policies.find(({ name }) => name === lease.job.queue);
    if (policy === undefined) throw new Error(`no policy for ${lease.job.queue}`);
    const at = this.clock.now();
    return {
      id: lease.job.id,
      epoch: lease.epoch,
      verdict: (this.#maker.decide ?? decide)(outcome, lease, policy, at, fixedRandom()),
      record: recordOf(lease, outcome, at),
      at,
    };
  }

  async end(lease: Lease, outcome: Outcome = COMPLETED): Promise<boolean> {
    const [applied] = await this.store.settle([this.settlement(lease, outcome)]);
    return applied ?? false;
  }

  /** Lets the next job, which must be there, die at once. */
  async kill(): Promise<void> {
    await this.end(await this.one(), failed('non_retryable'));
  }

  async get(name: string): Promise<Job> {
    const job = await this.store.get(this.id(name));
    if (job === undefined) throw new Error(`no job ${name}`);
    return job;
  }

  /** The names in one page of a list, as one text. */
  async listed(order: 'accepted' | 'died' = 'accepted'): Promise<string> {
    const filter = { queues: null, states: null, functionId: null, limit: 100, cursor: null };
    const { jobs } = await this.store.list({ ...filter, order });
    return this.names(jobs.map(({ id }) => id)).join('');
  }

  /** The kinds of signal for a queue since the last call. */
  takeSignals(queue = 'q'): string[] {
    return this.signals
      .splice(0)
      .filter((signal) => signal.queue === queue)
      .map(({ kind }) => kind);
  }

  #use(store: Store): void {
    this.#store = store;
    store.watch((signal) => {
      this.signals.push(signal);
    });
  }
}
