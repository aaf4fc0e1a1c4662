import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { Store } from '../../queue/store.ts';
import type { StateStore } from '../../state/store.ts';
import type { EngineEvent, EventStream } from '../events.ts';
import type { TaskRecord } from './task.ts';

const SCOPE = 'iii::task_outcomes';
/** Ends of jobs that are remembered: another engine may ask a moment after. */
const REMEMBERED = 10_000;

export interface TaskOutcomesParts {
  readonly store: Pick<Store, 'traits'>;
  readonly state: StateStore;
  readonly events: EventStream;
  readonly log: Logger;
}

/**
 * Tells engines how the first jobs of their canaries ended here. Only where a store does not show
 * every job: elsewhere they look for themselves. Dead jobs are shown everywhere, so what is told of
 * is that a job is over.
 */
export class TaskOutcomes {
  readonly #parts: TaskOutcomesParts;
  readonly #ended = new RecentMap<string, true>(REMEMBERED);
  /** Jobs that other engines wait for, and their tasks. */
  readonly #wanted = new Map<string, string>();
  #unsubscribe: () => void = () => undefined;

  constructor(parts: TaskOutcomesParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#isNeeded()) this.#unsubscribe = this.#parts.events.subscribe(this.#observe);
  }

  stop(): void {
    this.#unsubscribe();
    this.#wanted.clear();
  }

  /** Takes note of the jobs that the task of another engine waits for. */
  watch({ id, state, canary, request, pending }: TaskRecord): void {
    if (!this.#isNeeded() || request.canary === null) return;
    for (const [job, task] of this.#wanted) if (task === id) this.#wanted.delete(job);
    if (state !== 'running' || canary?.passed === true) return;
    const jobs = [...(canary?.open ?? []).map((open) => open.id), ...(pending?.ids ?? [])];
    for (const job of jobs) {
      this.#wanted.set(job, id);
      if (this.#ended.get(job) === true) this.#tell(job);
    }
  }

  /** Whether another engine told that a job of this task is over. */
  async has(task: string, job: string): Promise<boolean> {
    return (await this.#parts.state.get(SCOPE, `${task}/${job}`)) !== undefined;
  }

  /** Forgets what was told of a task that has ended. */
  async forget({ id, request }: TaskRecord): Promise<void> {
    if (!this.#isNeeded() || request.canary === null) return;
    const { state } = this.#parts;
    const told = [...(await state.list(SCOPE)).keys()].filter((key) => key.startsWith(`${id}/`));
    for (const key of told) await state.update(SCOPE, key, () => undefined);
  }

  #isNeeded(): boolean {
    const { sharedByEngines, gaps } = this.#parts.store.traits;
    return sharedByEngines && gaps.browse_waiting !== undefined;
  }

  readonly #observe = (event: EngineEvent): void => {
    if (event.kind !== 'job_completed' && event.kind !== 'job_discarded') return;
    this.#ended.set(event.id, true);
    if (this.#wanted.has(event.id)) this.#tell(event.id);
  };

  #tell(job: string): void {
    const task = this.#wanted.get(job);
    if (task === undefined) return;
    this.#wanted.delete(job);
    const { state, log } = this.#parts;
    state
      .update(SCOPE, `${task}/${job}`, () => 'true')
      .catch((thrown: unknown) => {
        log.warn('another engine was not told that a job is over', {
          ...{ task, job, error: messageOf(thrown) },
        });
      });
  }
}
