import { IiiError } from '../../base/errors.ts';
import { groupOf } from '../../queue/group.ts';
import type { Archive } from '../../queue/archive.ts';
import type { Rewrite, ScannedJob, Store } from '../../queue/store.ts';
import type { Job, JobState, QueuePolicy } from '../../queue/types.ts';
import type { EventStream } from '../events.ts';
import type { BulkAction } from './task.ts';

/** The states an action takes jobs from. */
export const TAKES: Readonly<Record<BulkAction, readonly JobState[]>> = {
  redrive: ['dead'],
  discard: ['dead'],
  cancel: ['waiting', 'delayed'],
  move: ['waiting', 'delayed', 'dead'],
  retry: ['dead', 'delayed'],
};

/** Whether an action ends jobs. */
export function endsJobs(action: BulkAction): boolean {
  return action === 'discard' || action === 'cancel';
}

export interface ActionParts {
  readonly store: Store;
  readonly events: EventStream;
  readonly archive: Archive;
  readonly policyOf: (queue: string) => QueuePolicy | undefined;
  readonly now: () => number;
  /** Asked last before each change: resolves when it may still be made. @throws TaskLost */
  readonly confirm: () => Promise<void>;
}

/** What an action is carried out with. */
export interface ActionTarget {
  readonly action: BulkAction;
  readonly to: string | null;
  /** Bundle for what is ended; `null`: nothing is kept. */
  readonly undo: string | null;
}

/** Why an action leaves this job alone; `null` when it does not. */
export function refusalOf(
  job: ScannedJob,
  { action, to }: ActionTarget,
  { policyOf }: Pick<ActionParts, 'policyOf'>,
): string | null {
  if (!TAKES[action].includes(job.state)) return `it is ${job.state.replace('_', ' ')}`;
  const target = to ?? job.queue;
  const policy = policyOf(target);
  if (endsJobs(action)) return null;
  if (policy === undefined) return `queue ${target} is not configured any more`;
  if (to === null || policy.groupField === null) return null;
  try {
    groupOf(job.payload(), policy);
    return null;
  } catch {
    return `its payload has no ${policy.groupField}, by which ${to} orders`;
  }
}

/**
 * Carries an action out on these jobs, as one atomic change. Answers the ids of those that were
 * changed: the others were not any more what the action takes.
 */
export async function carryOut(
  ids: readonly string[],
  target: ActionTarget,
  parts: ActionParts,
): Promise<readonly string[]> {
  const { store, events } = parts;
  const { action, to } = target;
  if (action === 'redrive' && to === null) return redrive(ids, parts);
  if (action === 'discard' || action === 'cancel') {
    await keep(ids, target, parts);
    const queues = action === 'cancel' ? [] : await queueNames(store);
    await parts.confirm();
    const ended =
      action === 'cancel'
        ? await store.cancel(ids)
        : await store.discard({ queues, ids, limit: ids.length });
    for (const id of ended) events.emit({ kind: 'job_discarded', id });
    return ended;
  }
  const jobs = await readJobs(ids, parts);
  const takes = TAKES[action];
  const meant = jobs.filter(({ state }) => takes.includes(state));
  if (action === 'retry') {
    const dead = meant.filter(({ state }) => state === 'dead').map(({ id }) => id);
    const delayed = meant.filter(({ state }) => state === 'delayed');
    const now = parts.now();
    return [
      ...(dead.length === 0 ? [] : await redrive(dead, parts)),
      ...(await rewriteAll(delayed, (job) => ({ ...job, state: 'waiting', dueAt: now }), parts)),
    ];
  }
  return rewriteAll(meant, (job) => transfer(job, action, to ?? job.queue, parts), parts);
}

async function redrive(
  ids: readonly string[],
  { store, events, confirm }: ActionParts,
): Promise<readonly string[]> {
  const queues = await queueNames(store);
  await confirm();
  const moved = await store.redrive({ queues, ids, limit: ids.length });
  if (moved.length > 0) events.emit({ kind: 'jobs_redriven', queues, jobs: moved.length });
  return moved;
}

/** The job as it is in another queue: a redriven one as if it was new. */
function transfer(job: Job, action: BulkAction, queue: string, parts: ActionParts): Job {
  const policy = parts.policyOf(queue);
  const isOrdered = policy !== undefined && policy.groupField !== null;
  const moved: Job = {
    ...job,
    queue,
    group: isOrdered ? groupOf(job.payload, policy) : null,
    priority: isOrdered ? 0 : job.priority,
  };
  if (action !== 'redrive') return moved;
  const dueAt = parts.now();
  const fresh = { attempts: 0, interruptions: 0, failure: null, expiresAt: null, dueAt };
  return { ...moved, ...fresh, state: 'waiting' };
}

async function rewriteAll(
  jobs: readonly Job[],
  change: (job: Job) => Job,
  { store, confirm }: ActionParts,
): Promise<readonly string[]> {
  if (jobs.length === 0) return [];
  await confirm();
  const rewrites = jobs.map((job): Rewrite => ({
    job: change(job),
    expects: { state: job.state, epoch: job.epoch },
  }));
  const done = await rewriteWith(store)(rewrites);
  return jobs.filter((_, at) => done[at]).map(({ id }) => id);
}

/** @throws IiiError CONFLICT when the store cannot put jobs in the place of others */
export function rewriteWith(
  store: Store,
): (rewrites: readonly Rewrite[]) => Promise<readonly boolean[]> {
  if (store.rewrite !== undefined)
    return (rewrites) => store.rewrite?.(rewrites) ?? Promise.resolve([]);
  throw new IiiError(
    'CONFLICT',
    `the ${store.traits.name} store cannot move, edit, import, skip or park jobs`,
    {
      hint: 'redrive and discard work with every store',
    },
  );
}

/** Keeps jobs as they are before they are ended. */
async function keep(
  ids: readonly string[],
  { action, undo }: ActionTarget,
  parts: ActionParts,
): Promise<void> {
  if (undo === null) return;
  const jobs = (await readJobs(ids, parts)).filter(({ state }) => TAKES[action].includes(state));
  if (jobs.length > 0)
    await parts.archive.append(
      undo,
      jobs.map((job) => JSON.stringify(job)),
    );
}

async function readJobs(ids: readonly string[], { store }: ActionParts): Promise<readonly Job[]> {
  const jobs = await Promise.all(ids.map((id) => store.get(id)));
  return jobs.filter((job) => job !== undefined);
}

async function queueNames(store: Store): Promise<readonly string[]> {
  return [...(await store.stats()).keys()];
}
