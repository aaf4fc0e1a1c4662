import type { StateStore } from '../../state/store.ts';
import type { ExactJob, TaskRecord } from './task.ts';

const SCOPE = 'iii::tasks';
const JOBS_SCOPE = 'iii::task_jobs';
const JOBS_PER_VALUE = 1_000;

/** What an edit answers to leave everything as it is. */
class NoEdit extends Error {}

/** Tasks as they are kept: beside the jobs, and so shared by all engines that share those. */
export class TaskRecords {
  readonly #state: StateStore;

  constructor(state: StateStore) {
    this.#state = state;
  }

  /** Every task, the latest first. */
  async all(): Promise<readonly TaskRecord[]> {
    const texts = [...(await this.#state.list(SCOPE)).values()];
    return texts.map(readRecord).sort((a, b) => b.startedAt - a.startedAt);
  }

  async find(id: string): Promise<TaskRecord | undefined> {
    const text = await this.#state.get(SCOPE, id);
    return text === undefined ? undefined : readRecord(text);
  }

  /** Keeps a new task, after the jobs it names. */
  async add(record: TaskRecord, jobs: readonly ExactJob[] | null): Promise<void> {
    for (let at = 0; jobs !== null && at < jobs.length; at += JOBS_PER_VALUE) {
      const piece = JSON.stringify(jobs.slice(at, at + JOBS_PER_VALUE));
      await this.#state.update(JOBS_SCOPE, jobsKey(record.id, at), () => piece);
    }
    const text = JSON.stringify(record);
    await this.#state.update(SCOPE, record.id, () => text);
  }

  /**
   * Changes a task as one step over all engines, and answers it as it is then.
   * @param edit may be called again after another engine was faster; `null`: it stays as it is, and
   *   so does the answer
   */
  async change(
    id: string,
    edit: (record: TaskRecord) => TaskRecord | null,
  ): Promise<TaskRecord | null> {
    let changed: TaskRecord | null = null;
    try {
      await this.#state.update(SCOPE, id, (text) => {
        changed = text === undefined ? null : edit(readRecord(text));
        if (changed === null) throw new NoEdit();
        return JSON.stringify(changed);
      });
      return changed;
    } catch (thrown) {
      if (thrown instanceof NoEdit) return null;
      throw thrown;
    }
  }

  /** Removing what is not there is no error. */
  async remove(id: string): Promise<void> {
    await this.#state.update(SCOPE, id, () => undefined);
  }

  /** The jobs a task names, in their order; `null` when it selects them. */
  async jobsOf({ id, request }: TaskRecord): Promise<readonly ExactJob[] | null> {
    if (request.exactJobs === null) return null;
    const jobs: ExactJob[] = [];
    for (let at = 0; at < request.exactJobs; at += JOBS_PER_VALUE) {
      const text = await this.#state.get(JOBS_SCOPE, jobsKey(id, at));
      jobs.push(...(JSON.parse(text ?? '[]') as ExactJob[]));
    }
    return jobs;
  }

  async removeJobs({ id, request }: TaskRecord): Promise<void> {
    for (let at = 0; at < (request.exactJobs ?? 0); at += JOBS_PER_VALUE) {
      await this.#state.update(JOBS_SCOPE, jobsKey(id, at), () => undefined);
    }
  }

  /** Tells of tasks that another engine changed, and `null` when that may have been missed. */
  watch(listener: (id: string | null) => void): void {
    this.#state.watch?.((change) => {
      if (change === null) listener(null);
      else if (change.scope === SCOPE) listener(change.key);
    });
  }
}

/** Records from before there were several engines name no owner. */
function readRecord(text: string): TaskRecord {
  const unowned = { owner: null, wish: null, nextAt: 0 };
  return { ...unowned, ...(JSON.parse(text) as TaskRecord) };
}

function jobsKey(id: string, at: number): string {
  return `${id}/${String(at).padStart(9, '0')}`;
}
