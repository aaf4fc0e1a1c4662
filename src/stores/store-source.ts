import type { Clock } from '../base/clock.ts';
import { IiiError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { decide } from '../queue/decide.ts';
import { defaultPolicy } from '../queue/policy.ts';
import { scanJobs } from '../queue/scan.ts';
import type { Store } from '../queue/store.ts';
import type { Job, Outcome } from '../queue/types.ts';
import type { JobSource, SourceCounts, SourceJob } from './job-source.ts';

/** Jobs that get their verdict in one go. */
const BATCH = 200;

/** An open store that shows every job, as a source of jobs. */
export class StoreSource implements JobSource {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(store: Store, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  get location(): string {
    return this.#store.traits.location ?? this.#store.traits.name;
  }

  know(): void {
    // it knows its queues by their jobs
  }

  async check(): Promise<void> {
    const alive = ((await this.#store.peers?.list()) ?? []).filter((engine) => engine.alive);
    if (alive.length === 0) return;
    const names = alive.map(({ address, id }) => address ?? id).join(', ');
    throw new IiiError('CONFLICT', `Engines use the source: ${names}.`, {
      hint: 'Stop them first; an engine that was killed is forgotten after its lease.',
    });
  }

  stats(): Promise<ReadonlyMap<string, SourceCounts>> {
    return this.#store.stats();
  }

  countUntold(): Promise<number> {
    return Promise.resolve(0);
  }

  async *look(): AsyncGenerator<readonly SourceJob[]> {
    // Dead ones by death, so that their order among themselves is kept as well as their place.
    for (const [states, order] of [
      [['waiting', 'delayed'], 'accepted'],
      [['dead'], 'died'],
    ] as const) {
      const scan = { queues: null, states, order, after: null };
      for await (const slice of scanJobs(this.#store, scan)) {
        yield slice.flatMap((one) => {
          const job = one.whole();
          return job === undefined ? [] : { job };
        });
      }
    }
  }

  async *take(): AsyncGenerator<readonly SourceJob[]> {
    await this.#giveBack();
    yield* this.look();
  }

  async remove(jobs: readonly Job[]): Promise<void> {
    const dead = jobs.filter(({ state }) => state === 'dead');
    const queues = [...new Set(dead.map(({ queue }) => queue))];
    const ids = dead.map(({ id }) => id);
    if (dead.length > 0) await this.#store.discard({ queues, ids, limit: ids.length });
    await this.#store.cancel(jobs.filter(({ state }) => state !== 'dead').map(({ id }) => id));
  }

  left(): readonly [] {
    return [];
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Gives every job that was in flight, or whose time to live ended, its verdict: nobody else will. */
  async #giveBack(): Promise<void> {
    for (;;) {
      const reclaimed = await this.#store.reclaim(BATCH);
      if (reclaimed.length === 0) return;
      const at = this.#clock.now();
      await this.#store.settle(
        reclaimed.map(({ lease, cause }) => {
          const outcome: Outcome =
            cause === 'expired' ? { kind: 'expired' } : { kind: 'not_started' };
          const policy = defaultPolicy(lease.job.queue);
          const verdict = decide(outcome, lease, policy, at, this.#random);
          return { id: lease.job.id, epoch: lease.epoch, verdict, record: null, at };
        }),
      );
    }
  }
}
