import { countOf } from '../../base/count.ts';
import { fingerprintOf } from '../../queue/cluster.ts';
import type { Store } from '../../queue/store.ts';
import type { EngineEvent, EventStream } from '../events.ts';
import type { CanaryProgress, CanaryRequest, ReleasedJob } from './task.ts';

export const NO_CANARY_YET: CanaryProgress = {
  open: [],
  released: 0,
  succeeded: 0,
  failed: 0,
  failedAgain: 0,
  passed: false,
};

/** Watches the jobs that a task released first, and decides whether the rest may follow. */
export class Canary {
  readonly #request: CanaryRequest;
  readonly #changed: () => void;
  readonly #unsubscribe: () => void;
  /** The jobs under way, as they were before. */
  readonly #open: Map<string, ReleasedJob>;
  #progress: CanaryProgress;

  /** @param changed called when an outcome has come */
  constructor(
    request: CanaryRequest,
    progress: CanaryProgress,
    events: EventStream,
    changed: () => void,
  ) {
    this.#request = request;
    this.#progress = progress;
    this.#changed = changed;
    this.#open = new Map(progress.open.map((job) => [job.id, job]));
    this.#unsubscribe = events.subscribe((event) => this.#observe(event));
  }

  get progress(): CanaryProgress {
    return { ...this.#progress, open: [...this.#open.values()] };
  }

  /** Jobs that are still to be released before the outcomes decide. */
  get missing(): number {
    return Math.max(0, this.#request.jobs - this.#progress.released);
  }

  get isWaiting(): boolean {
    return this.#open.size > 0 && !this.hasFailed;
  }

  /** Whether more died than may: known before all outcomes are. */
  get hasFailed(): boolean {
    const { failed, released } = this.#progress;
    return failed > this.#request.abortIfFailRate * Math.max(1, released + this.missing);
  }

  /** Why it failed, for people. */
  describeFailure(): string {
    const { failed, failedAgain, released } = this.#progress;
    const same = failedAgain === failed ? '' : `, ${failedAgain} of them`;
    return `${failed} of the first ${countOf(released, 'job')} died again${same} of the same error as before`;
  }

  /** To be called before jobs are released: an outcome may come at once. Those that follow are not watched. */
  release(jobs: readonly ReleasedJob[]): void {
    if (this.#progress.passed) return;
    for (const { id, cluster, epoch } of jobs) this.#open.set(id, { id, cluster, epoch });
    this.#progress = { ...this.#progress, released: this.#progress.released + jobs.length };
  }

  /** Takes back what was not released after all. */
  takeBack(ids: readonly string[]): void {
    if (this.#progress.passed) return;
    for (const id of ids) this.#open.delete(id);
    this.#progress = { ...this.#progress, released: this.#progress.released - ids.length };
  }

  /** The rest may go. */
  pass(): void {
    this.#progress = { ...this.#progress, passed: true };
    this.stop();
  }

  stop(): void {
    this.#unsubscribe();
  }

  /**
   * Finds outcomes that came while nobody was listening, or that another engine heard of.
   * @param wasToldOf whether another engine told that a job is over
   */
  async look(store: Store, wasToldOf: (id: string) => Promise<boolean>): Promise<void> {
    const showsWaiting = store.traits.gaps.browse_waiting === undefined;
    for (const { id, cluster, epoch } of [...this.#open.values()]) {
      const job = await store.get(id);
      // where not all is shown, a job that is not may just as well be waiting
      if (job === undefined && !showsWaiting && !(await wasToldOf(id))) continue;
      if (job === undefined || job.state === 'completed' || job.state === 'discarded') {
        this.#settle(id, false, false);
      } else if (job.failure !== null && job.epoch > epoch) {
        this.#settle(id, true, fingerprintOf(job.failure.error) === cluster);
      }
    }
  }

  #observe(event: EngineEvent): void {
    switch (event.kind) {
      case 'job_completed':
      case 'job_discarded':
        this.#settle(event.id, false, false);
        return;
      case 'job_dead':
        this.#settle(
          event.id,
          true,
          fingerprintOf(event.error) === this.#open.get(event.id)?.cluster,
        );
        return;
      default:
        return;
    }
  }

  #settle(id: string, failed: boolean, again: boolean): void {
    if (!this.#open.delete(id)) return;
    const before = this.#progress;
    this.#progress = {
      ...before,
      succeeded: before.succeeded + (failed ? 0 : 1),
      failed: before.failed + (failed ? 1 : 0),
      failedAgain: before.failedAgain + (again ? 1 : 0),
    };
    this.#changed();
  }
}
