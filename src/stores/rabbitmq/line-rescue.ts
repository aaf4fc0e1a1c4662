import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { HeldJob, HeldJobs } from './held-jobs.ts';
import { untilWoken } from './held-jobs.ts';
import type { Topology } from './topology.ts';

/** Pause before what could not be published is tried again. */
const AGAIN_MS = 1_000;
/** Copies on their way to the broker at the same time: one after the other, a backlog took minutes. */
const AT_ONCE = 100;
/** Longest time in which the copy of a running job comes here, while this engine consumes. */
const COMES_MS = 1_000;

type Source = 'main' | 'retry';

export interface RescueParts {
  readonly held: HeldJobs;
  readonly topology: Topology;
  readonly clock: Clock;
  readonly log: Logger;
  readonly policy: () => QueuePolicy;
  /** Publishes a job as it is, and holds the copy. */
  readonly writeDown: (job: HeldJob, isNeeded: () => boolean) => Promise<void>;
}

/**
 * Publishes anew what is held of a queue that was deleted at the broker. Until that is done this engine
 * has the only copy: it keeps the jobs whatever becomes of its connection, and starts none.
 */
export class LineRescue {
  readonly #parts: RescueParts;
  /** Queues of which the broker said, instead of handing them out, that they are not there. */
  readonly #missing = new Set<Source>();
  #going: Promise<void> | null = null;
  #isClosed = false;

  constructor(parts: RescueParts) {
    this.#parts = parts;
  }

  get isGoing(): boolean {
    return this.#going !== null;
  }

  /** The broker said so when it was asked: what is held of it is published by `recover`. */
  missed(from: Source): void {
    this.#missing.add(from);
  }

  /** Whether jobs have to be kept for `recover`, although the channel is gone that delivered them. */
  get isDue(): boolean {
    return this.#missing.size > 0;
  }

  /** Resolves when everything that is held of the deleted queue is at the broker again. */
  begin(from: Source): Promise<void> {
    this.#mark(from);
    return this.#go();
  }

  /** The same for queues that were missed, after the end of the channel. */
  async recover(): Promise<void> {
    if (this.isDue) await this.#go();
  }

  /** Gives running jobs to the broker too, for the next engine. What fails now is not tried again. */
  async close(): Promise<void> {
    const { held, policy, writeDown } = this.#parts;
    this.#isClosed = true;
    await (this.#going ?? this.recover());
    for (const job of held.ofQueue(policy().name)) {
      if (!job.isOnlyHere) continue;
      await writeDown(job, () => job.isOnlyHere).catch((thrown: unknown) => {
        this.#logFailure(thrown);
      });
    }
  }

  #go(): Promise<void> {
    const { policy, log } = this.#parts;
    if (this.#going === null) {
      log.warn('a queue at the broker was deleted; it is made anew', { queue: policy().name });
      this.#going = this.#run().finally(() => {
        this.#going = null;
      });
    }
    return this.#going;
  }

  /** What is held of a queue is nowhere else any more. */
  #mark(from: Source): void {
    const { held, policy } = this.#parts;
    for (const job of held.ofQueue(policy().name)) {
      // copies go to the retry queue
      if (job.coming !== null && from === 'retry') job.coming.isGone = true;
      if ((job.delivery?.from ?? 'retry') !== from) continue;
      job.isOnlyHere = true;
      job.delivery = null;
      for (const wake of job.waiters.splice(0)) wake();
    }
  }

  /** Of a deletion the broker tells a moment later, and not at all when it has ended the channel. */
  async #markMissing(): Promise<void> {
    const { topology, policy } = this.#parts;
    const names = topology.names.of(policy());
    for (const from of ['main', 'retry'] as const) {
      if (!this.#missing.has(from) && !(await topology.exists(names[from]))) this.missed(from);
    }
    for (const from of this.#missing) this.#mark(from);
    this.#missing.clear();
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    for (;;) {
      try {
        await this.#publishAll();
        return;
      } catch (thrown) {
        this.#logFailure(thrown);
        if (this.#isClosed) return;
      }
      await new Promise<void>((resolve) => {
        clock.after(AGAIN_MS, resolve);
      });
    }
  }

  async #publishAll(): Promise<void> {
    const { held, topology, clock, policy, writeDown } = this.#parts;
    const isRunning = (job: HeldJob): boolean => held.canRun(job) && held.isRunning(job);
    const isHere = (job: HeldJob): boolean => job.delivery !== null || !isRunning(job);
    for (;;) {
      await this.#markMissing();
      await topology.declareLine(policy());
      const jobs = held.ofQueue(policy().name).filter((job) => this.#isForBroker(job));
      if (jobs.length === 0) return;
      for (let at = 0; at < jobs.length; at += AT_ONCE) {
        const some = jobs.slice(at, at + AT_ONCE);
        await Promise.all(some.map((job) => writeDown(job, () => this.#isForBroker(job))));
      }
      // one that was handed out already and comes again looks like a lease of another engine
      await Promise.all(
        jobs.filter(isRunning).map((job) => untilWoken(job, clock, COMES_MS, () => isHere(job))),
      );
    }
  }

  #logFailure(thrown: unknown): void {
    const { log, policy } = this.#parts;
    const facts = { queue: policy().name, error: messageOf(thrown) };
    log.error('what is held of a deleted queue could not be published again', facts);
  }

  /** The copy of a running job of a standard queue would be run by whoever gets it. */
  #isForBroker(job: HeldJob): boolean {
    const { held, policy } = this.#parts;
    const isKept = policy().type !== 'fifo' && held.isRunning(job);
    return job.isOnlyHere && held.canRun(job) && !isKept;
  }
}
