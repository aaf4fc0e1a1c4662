import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { QueuePolicy } from '../../queue/types.ts';
import type { HeldJob, HeldJobs } from './held-jobs.ts';
import { untilWoken } from './held-jobs.ts';
import type { Topology } from './topology.ts';

/** Pause before what could not be published is tried again. */
const AGAIN_MS = 1_000;
/** Longest time in which the copy of a running job comes here, while this engine consumes. */
const COMES_MS = 1_000;

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
  #going: Promise<void> | null = null;
  #isClosed = false;

  constructor(parts: RescueParts) {
    this.#parts = parts;
  }

  get isGoing(): boolean {
    return this.#going !== null;
  }

  /** Resolves when everything that is held of the deleted queue is at the broker again. */
  begin(from: 'main' | 'retry'): Promise<void> {
    const { held, policy, log } = this.#parts;
    log.warn('a queue at the broker was deleted; it is made anew', { queue: policy().name });
    for (const job of held.ofQueue(policy().name)) {
      // copies go to the retry queue
      if (job.coming !== null && from === 'retry') job.coming.isGone = true;
      if ((job.delivery?.from ?? 'retry') !== from) continue;
      job.isOnlyHere = true;
      job.delivery = null;
    }
    this.#going ??= this.#run().finally(() => {
      this.#going = null;
    });
    return this.#going;
  }

  /** Gives running jobs to the broker too, for the next engine. What fails now is not tried again. */
  async close(): Promise<void> {
    const { held, policy, writeDown } = this.#parts;
    this.#isClosed = true;
    await this.#going;
    for (const job of held.ofQueue(policy().name)) {
      if (!job.isOnlyHere) continue;
      await writeDown(job, () => job.isOnlyHere).catch((thrown: unknown) => {
        this.#logFailure(thrown);
      });
    }
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
      await topology.declareLine(policy());
      const jobs = held.ofQueue(policy().name).filter((job) => this.#isForBroker(job));
      if (jobs.length === 0) return;
      for (const job of jobs) await writeDown(job, () => this.#isForBroker(job));
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
