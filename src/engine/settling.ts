import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { QueueStore, Settlement } from '../queue/store.ts';
import type { Job } from '../queue/types.ts';

/** Pause before a failed store call is tried again. */
export const STORE_RETRY_MS = 500;

export interface SettlingParts {
  readonly store: Pick<QueueStore, 'settle'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Awaited before a job becomes dead; while it fails, the end of the attempt is tried again. */
  readonly beforeDead?: (job: Job) => Promise<void>;
}

/** The end of one attempt, on its way to the store. */
export interface Ending {
  readonly job: Job;
  readonly settlement: Settlement;
  /**
   * Called once, when the store has it.
   * @param applied `false`: it came too late and changed nothing; `null`: it was given up
   */
  readonly done: (applied: boolean | null) => void;
}

/**
 * Takes the ends of attempts to the store, and tries again until it has them: a worker's answer must
 * not be lost to a passing failure. What ends in one turn of the event loop goes in one call.
 */
export class Settling {
  #parts: SettlingParts;
  #collected: Ending[] = [];
  #givingUp = false;

  constructor(parts: SettlingParts) {
    this.#parts = parts;
  }

  reconfigure(parts: SettlingParts): void {
    this.#parts = parts;
  }

  add(ending: Ending): void {
    if (ending.settlement.verdict.kind === 'dead') {
      void this.#settleOne(ending);
      return;
    }
    if (this.#collected.push(ending) > 1) return;
    queueMicrotask(() => {
      const endings = this.#collected;
      this.#collected = [];
      void this.#settleTogether(endings);
    });
  }

  /** From now on what the store does not take at once is left. */
  giveUpOnFailure(): void {
    this.#givingUp = true;
  }

  async #settleTogether(endings: readonly Ending[]): Promise<void> {
    let applied: readonly boolean[];
    try {
      applied = await this.#parts.store.settle(endings.map(({ settlement }) => settlement));
    } catch {
      // one by one, so that none waits for what is wrong with another
      for (const ending of endings) void this.#settleOne(ending);
      return;
    }
    for (const [at, ending] of endings.entries()) ending.done(applied[at] === true);
  }

  async #settleOne({ job, settlement, done }: Ending): Promise<void> {
    const { store, clock, log, beforeDead } = this.#parts;
    for (;;) {
      try {
        if (settlement.verdict.kind === 'dead') await beforeDead?.(job);
        const [applied] = await store.settle([settlement]);
        done(applied === true);
        return;
      } catch (thrown) {
        log.error('recording the end of an attempt failed; it is tried again', {
          queue: job.queue,
          job: settlement.id,
          error: messageOf(thrown),
        });
        if (this.#givingUp) {
          done(null);
          return;
        }
        await new Promise<void>((resolve) => {
          clock.after(STORE_RETRY_MS, resolve);
        });
      }
    }
  }
}
