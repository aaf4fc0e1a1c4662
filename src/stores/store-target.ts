import { IiiError } from '../base/errors.ts';
import { defaultPolicy } from '../queue/policy.ts';
import { scanJobs } from '../queue/scan.ts';
import type { Store } from '../queue/store.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { Job, QueuePolicy } from '../queue/types.ts';
import type { JobSource } from './job-source.ts';
import { countedEpoch, type JobTarget } from './job-target.ts';

/** An open store that takes jobs with a past, as a target of jobs. */
export class StoreTarget implements JobTarget {
  readonly #store: Store;
  readonly #policies: readonly QueuePolicy[];
  /** Places that are keys, and the jobs that have them. */
  readonly #taken = new Map<number, string>();

  /** @param policies settings of the queues whose jobs may come */
  constructor(store: Store, policies: readonly QueuePolicy[]) {
    this.#store = store;
    this.#policies = policies;
  }

  get gaps(): StoreGaps {
    return this.#store.traits.gaps;
  }

  /** Jobs keep their places as numbers. Where a number is a job's key, it must not be another's. */
  async check(from: JobSource): Promise<void> {
    if (this.#store.traits.sharedByEngines) return;
    const all = { queues: null, states: null, order: 'accepted', after: null } as const;
    this.#taken.clear();
    for await (const slice of scanJobs(this.#store, all)) {
      for (const one of slice) this.#taken.set(one.whole()?.seq ?? 0, one.id);
    }
    if (this.#taken.size === 0) return;
    for await (const slice of from.look() ?? []) {
      for (const { job } of slice) {
        const other = this.#taken.get(job.seq);
        if (other === undefined || other === job.id) continue;
        throw new IiiError(
          'CONFLICT',
          `Job ${other} of the target has the place of job ${job.id}.`,
          {
            reason: 'The target holds jobs of its own, and a place is the key of a job there.',
            hint: 'Move into an empty folder.',
          },
        );
      }
    }
  }

  async put(jobs: readonly Job[]): Promise<readonly (Job | undefined)[]> {
    await this.#know(jobs);
    const counts = !this.#store.traits.sharedByEngines;
    await this.#store.rewrite?.(
      jobs.map((job) => ({
        job: counts ? { ...job, seq: this.#placeOf(job), epoch: countedEpoch(job) } : job,
        expects: 'absent',
      })),
    );
    const copies: (Job | undefined)[] = [];
    for (const { id } of jobs) copies.push(await this.#store.get(id));
    return copies;
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async isPaused(queue: string): Promise<boolean> {
    return (await this.#store.stats()).get(queue)?.paused === true;
  }

  async pause(queue: string): Promise<void> {
    await this.#know([{ queue, group: null }]);
    await this.#store.pause(queue, true);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /**
   * The next free place from that of a job on. Several queues of a source may give one number each to
   * a job of theirs; in each queue the order is kept, since jobs come in that order.
   */
  #placeOf({ id, seq }: Job): number {
    // at the end
    if (seq === 0) return 0;
    let place = seq;
    for (;;) {
      const other = this.#taken.get(place);
      if (other === undefined || other === id) break;
      place++;
    }
    this.#taken.set(place, id);
    return place;
  }

  /** Gives queues that are not there settings: those it was told, or what can be told from their jobs. */
  async #know(jobs: readonly Pick<Job, 'queue' | 'group'>[]): Promise<void> {
    const known = await this.#store.stats();
    const missing = new Map<string, QueuePolicy>();
    for (const { queue, group } of jobs) {
      if (known.has(queue)) continue;
      const type = group === null ? 'standard' : 'fifo';
      const told = this.#policies.find(({ name }) => name === queue);
      missing.set(queue, told ?? { ...defaultPolicy(queue), type });
    }
    if (missing.size > 0) this.#store.configure([...missing.values()]);
  }
}
