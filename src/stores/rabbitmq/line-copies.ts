import type { Clock } from '../../base/clock.ts';
import { NO_ROW } from '../../queue/columns.ts';
import { acknowledgeHeld } from './acknowledge.ts';
import { PublishError } from './broker-errors.ts';
import type { Coming, Delivery, HeldJob, HeldJobs } from './held-jobs.ts';
import { inTurn } from './held-jobs.ts';
import type { StoredJob } from './job-message.ts';
import type { LineOutbox } from './line-outbox.ts';

export interface CopiesParts {
  readonly outbox: LineOutbox;
  readonly held: HeldJobs;
  readonly clock: Clock;
  /** Begins to hold a copy that came here. */
  readonly hold: (stored: StoredJob, delivery: Delivery) => void;
}

/** Newer copies of the jobs that are held of one queue. */
export class LineCopies {
  readonly #parts: CopiesParts;

  constructor(parts: CopiesParts) {
    this.#parts = parts;
  }

  /**
   * Publishes a newer copy of a held job, then acknowledges the one before. In a FIFO queue the job
   * keeps its place here meanwhile; in a standard queue whoever gets the copy has it. Only `inTurn`.
   * @throws PublishError and nothing has changed
   */
  async replace(held: HeldJob, change: Partial<StoredJob>, keep: boolean): Promise<void> {
    const { held: jobs, outbox, clock, hold } = this.#parts;
    const { stored } = held;
    const { seq, epoch } = jobs.lanes.table.progressOf(held.row);
    const version = stored.version + 1;
    const copy = { ...stored, seq, epoch, leasedAt: null, ...change, version };
    const coming: Coming = { version, delivery: null, isGone: false };
    held.coming = coming;
    try {
      await outbox.publish(copy);
      if (coming.isGone) throw new PublishError('lost', 'its queue was deleted');
    } catch (thrown) {
      held.coming = null;
      throw thrown;
    }
    held.coming = null;
    held.isOnlyHere = false;
    acknowledgeHeld(held);
    if (!jobs.isHeld(held)) return;
    if (keep) {
      held.stored = copy;
      held.delivery = coming.delivery;
      held.isSuspect = false;
      return;
    }
    jobs.drop(held, clock.now());
    if (coming.delivery !== null) hold(copy, coming.delivery);
  }

  /**
   * Publishes a job as it is, and holds the copy; an attempt that is running is written down with it.
   * @throws PublishError and nothing has changed
   */
  writeDown(job: HeldJob, isNeeded: () => boolean = () => true): Promise<void> {
    const { held } = this.#parts;
    return inTurn(job, async () => {
      if (!held.canRun(job) || !isNeeded()) return;
      const leasedAt = held.isRunning(job) ? held.jobOf(job.row).leasedAt : null;
      await this.replace(job, { leasedAt }, true);
    });
  }

  /** Lets whoever gets the copy have a waiting job of a standard queue; nobody leases it here meanwhile. */
  async handOver(job: HeldJob): Promise<void> {
    const { held, clock } = this.#parts;
    if (held.lanes.reserveWaiting(job.stored.id) === NO_ROW) return;
    try {
      await inTurn(job, async () => {
        if (held.isHeld(job)) await this.replace(job, {}, false);
      });
    } catch {
      if (held.isHeld(job)) held.lanes.release(job.row, clock.now());
    }
  }
}
