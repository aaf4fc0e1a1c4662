import { IiiError } from '../../base/errors.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { Engine } from '../../engine/engine.ts';
import type { JobFilter, QueueStats } from '../../queue/store.ts';
import { STATES } from '../../queue/select/fields.ts';
import type { Job, JobState } from '../../queue/types.ts';
import { changeExactly } from './change-exactly.ts';
import { explainJob } from './explain.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { findQueue } from './queue-names.ts';
import { SelectedPages } from './selected-pages.ts';
import { isEverything, readNarrowing } from './selector-input.ts';
import { jobDetail, jobSummary } from './views.ts';

/** Jobs on one page, at most, and when the caller does not say. */
export const MAX_PAGE = 1_000;
export const DEFAULT_PAGE = 50;
/** Longest time a caller may wait for a job, and the default. */
const MAX_WAIT_MS = 24 * 3_600_000;
const DEFAULT_WAIT_MS = 30_000;

const CANCELLABLE: readonly JobState[] = ['waiting', 'delayed'];
const FINAL: readonly JobState[] = ['dead', 'completed', 'discarded'];

/** How the last jobs ended, by id: also of those that the store no longer keeps. */
type EndedJobs = Pick<RecentMap<string, 'completed' | 'discarded'>, 'get'>;

/** Ended jobs remembered at least. */
const REMEMBERED_ENDS = 10_000;

function rememberEnds(engine: Engine): EndedJobs {
  const ended = new RecentMap<string, 'completed' | 'discarded'>(REMEMBERED_ENDS);
  engine.events.subscribe((event) => {
    if (event.kind !== 'job_completed' && event.kind !== 'job_discarded') return;
    ended.set(event.id, event.kind === 'job_completed' ? 'completed' : 'discarded');
  });
  return ended;
}

export function jobHandlers({
  engine,
}: AdminParts): AdminHandlers<
  'iii::job::list' | 'iii::job::get' | 'iii::job::explain' | 'iii::job::wait' | 'iii::job::cancel'
> {
  const ended = rememberEnds(engine);
  const pages = new SelectedPages(engine);
  const count = async (filter: JobFilter): Promise<number | null> =>
    filter.functionId === null ? countMatching(filter, await engine.store.stats()) : null;
  return {
    'iii::job::list': async (input) => {
      const queue = input.optionalString('queue');
      if (queue !== undefined) await findQueue(engine, queue);
      const selection = readNarrowing(input, engine);
      const filter: JobFilter = {
        queues: queue === undefined ? null : [queue],
        states: selection.states,
        functionId: input.optionalString('functionId') ?? null,
        order: 'accepted',
        limit: input.optionalCount('limit', MAX_PAGE) ?? DEFAULT_PAGE,
        cursor: input.optionalString('cursor') ?? null,
      };
      const isAll = isEverything({ ...selection, states: null });
      const total = isAll ? await count(filter) : null;
      // Listing looks at every job there is, page for page; a scan goes on where the page before ended.
      const found =
        isAll && filter.cursor === null
          ? await engine.store.list(filter)
          : await pages.next({
              ...filter,
              order: 'accepted',
              selection: {
                ...selection,
                queues: filter.queues,
                where: joinWhere(selection.where, filter.functionId),
              },
            });
      const jobs = found.jobs.map((job) => jobSummary(job, engine));
      return { jobs, total, nextCursor: found.nextCursor };
    },
    'iii::job::get': async (input) =>
      jobDetail(await findJob(engine, input.string('id'), ended), engine),
    'iii::job::explain': async (input) =>
      explainJob(engine, await findJob(engine, input.string('id'), ended)),
    'iii::job::wait': async (input) => {
      const timeoutMs = input.optionalCount('timeoutMs', MAX_WAIT_MS) ?? DEFAULT_WAIT_MS;
      return jobDetail(await waitForEnd(engine, input.string('id'), timeoutMs, ended), engine);
    },
    'iii::job::cancel': async (input, call, note) => {
      const ids = input.optionalStrings('ids') ?? [];
      const dryRun = input.flag('dryRun');
      const skipped: { id: string; why: string }[] = [];
      const cancellable: string[] = [];
      for (const id of ids) {
        const job = await engine.store.get(id);
        if (job === undefined) skipped.push({ id, why: 'no such job' });
        else if (CANCELLABLE.includes(job.state)) cancellable.push(id);
        else skipped.push({ id, why: `it is ${job.state.replace('_', ' ')}` });
      }
      if (dryRun || cancellable.length === 0) {
        note.changed = false;
        return { cancelled: cancellable.length, skipped };
      }
      const what = { action: 'cancel', queues: null, ids: cancellable, limit: null } as const;
      const ended = new Set(await changeExactly(engine, what, call));
      const left = cancellable.filter((id) => !ended.has(id));
      skipped.push(...left.map((id) => ({ id, why: 'it changed meanwhile' })));
      note.changed = ended.size > 0;
      return { cancelled: ended.size, skipped };
    },
  };
}

function joinWhere(where: string | null, functionId: string | null): string | null {
  if (functionId === null) return where;
  const isOfFunction = `function=${JSON.stringify(functionId)}`;
  return where === null ? isOfFunction : `(${where}) and ${isOfFunction}`;
}

/** Jobs of these queues and states, from the counts, which know nothing of functions. */
function countMatching(filter: JobFilter, stats: ReadonlyMap<string, QueueStats>): number {
  let total = 0;
  for (const [name, counts] of stats) {
    if (filter.queues !== null && !filter.queues.includes(name)) continue;
    const byState: Readonly<Record<JobState, number>> = {
      waiting: counts.waiting,
      delayed: counts.delayed,
      in_flight: counts.inFlight,
      dead: counts.dead,
      completed: counts.retained,
      discarded: 0,
    };
    for (const state of filter.states ?? STATES) total += byState[state];
  }
  return total;
}

async function findJob(engine: Engine, id: string, ended: EndedJobs): Promise<Job> {
  const job = await engine.store.get(id);
  if (job !== undefined) return job;
  const state = ended.get(id);
  throw new IiiError('JOB_NOT_FOUND', `job '${id}' does not exist`, {
    reason: 'the id is wrong, or the job ended and is no longer among the finished jobs kept',
    hint: 'iii job list',
    details: state === undefined ? { id } : { id, ended: state },
  });
}

/** Resolves with the job as it is when it has ended, or when the time is over. */
async function waitForEnd(
  engine: Engine,
  id: string,
  timeoutMs: number,
  endedJobs: EndedJobs,
): Promise<Job> {
  let finish: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // Subscribed before looking, so that no end falls between.
  const unsubscribe = engine.events.subscribe((event) => {
    switch (event.kind) {
      case 'job_completed':
      case 'job_dead':
      case 'job_discarded':
        if (event.id === id) finish();
        break;
      default:
        break;
    }
  });
  const cancelTimer = engine.clock.after(timeoutMs, finish);
  try {
    const job = await findJob(engine, id, endedJobs);
    if (FINAL.includes(job.state)) return job;
    await ended;
    return (await engine.store.get(id)) ?? { ...job, state: endedJobs.get(id) ?? job.state };
  } finally {
    unsubscribe();
    cancelTimer();
  }
}
