import type { Engine } from '../../engine/engine.ts';
import { refusalOf } from '../../engine/bulk/actions.ts';
import { selectedJobs, type Aim } from '../../engine/bulk/candidates.ts';
import type { BulkRequest } from '../../engine/bulk/task.ts';
import { normaliseError } from '../../queue/cluster.ts';
import { scannedJob } from '../../queue/scan.ts';
import type { ScannedJob } from '../../queue/store.ts';
import type { BulkPlan } from '../bulk-contract.ts';
import { invalid } from '../input.ts';
import { MOST_EXACT_JOBS } from './bulk-input.ts';
import { timeText } from './views.ts';

type Group = BulkPlan['groups'][number];

interface GrowingGroup extends Omit<Group, 'jobs' | 'oldestAt'> {
  jobs: number;
  oldestAt: number;
}

type Skip = BulkPlan['skipped'][number];

/** Groups and reasons told apart. */
const MOST_GROUPS = 500;

/** What a bulk change would do right now: the same search and the same refusals as the task's. */
export async function planBulk(
  request: BulkRequest & { readonly queue: string | null },
  engine: Engine,
  withJobs: boolean,
): Promise<BulkPlan> {
  const { store, clock, queues } = engine;
  const policyOf = queues.policyOf.bind(queues);
  const aim: Aim = { ...request, startedAt: clock.now(), undo: null };
  const groups = new Map<string, GrowingGroup>();
  const skipped = new Map<string, Skip>();
  const exact: { id: string; epoch: number }[] = [];
  const limit = request.limit ?? Infinity;
  let total = 0;

  const skip = (why: string, id: string): void => {
    const before = skipped.get(why);
    skipped.set(why, { why, jobs: (before?.jobs ?? 0) + 1, sample: before?.sample ?? id });
  };
  const add = (job: ScannedJob): void => {
    const refusal = refusalOf(job, aim, { policyOf });
    if (refusal !== null) {
      skip(refusal, job.id);
      return;
    }
    total++;
    if (withJobs) exact.push({ id: job.id, epoch: job.epoch });
    const cluster = job.cause()?.cluster ?? null;
    const { functionId, queue } = job;
    const at = job.state === 'dead' ? job.stampAt : job.enqueuedAt;
    const key = `${cluster}\n${queue}\n${functionId}`;
    const known = groups.get(key);
    if (known !== undefined) {
      known.jobs++;
      known.oldestAt = Math.min(known.oldestAt, at);
      return;
    }
    if (groups.size >= MOST_GROUPS) return;
    const message = cluster === null ? undefined : job.failure()?.error.message;
    groups.set(key, {
      functionId,
      queue,
      target: request.to ?? queue,
      cluster,
      message: message === undefined ? null : normaliseError(message),
      jobs: 1,
      oldestAt: at,
      sample: job.id,
    });
  };

  if (request.jobs === null) {
    for await (const jobs of selectedJobs(aim, null, { store, clock, policyOf })) {
      for (const job of jobs) if (total < limit) add(job);
      if (total >= limit) break;
      if (withJobs && total > MOST_EXACT_JOBS) {
        throw invalid(`a plan holds ${MOST_EXACT_JOBS} jobs at most; narrow it, or give a limit`);
      }
    }
  } else {
    for (const { id, epoch } of request.jobs) {
      if (total >= limit) break;
      const job = await store.get(id);
      if (job === undefined) skip('there is no such job', id);
      else if (request.selection.queues?.includes(job.queue) === false) {
        skip(`it is in queue ${job.queue}`, id);
      } else if (epoch !== null && epoch !== job.epoch)
        skip('it changed since the plan was made', id);
      else add(scannedJob(job));
    }
  }
  return {
    action: request.action,
    queue: request.queue,
    total,
    groups: [...groups.values()]
      .map((group): Group => ({ ...group, oldestAt: timeText(group.oldestAt) }))
      .sort((a, b) => b.jobs - a.jobs),
    skipped: [...skipped.values()],
    ...(withJobs ? { jobs: exact } : {}),
  };
}
