import type { Engine } from '../../engine/engine.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { LIMITS } from '../../queue/limits.ts';
import type { DeadSelection } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import type { Plan } from '../contract.ts';
import { invalid, type Input } from '../input.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { planBulk } from './bulk-plan.ts';
import { changeExactly, changeJobs } from './change-exactly.ts';
import { clusterErrors } from './clusters.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './jobs.ts';
import { knownQueues, queuesOfDeadLetters } from './queue-names.ts';
import { SelectedPages } from './selected-pages.ts';
import { isEverything, readNarrowing } from './selector-input.ts';
import { deadJob, timeText } from './views.ts';

/** Jobs named in a plan. */
const SAMPLE_SIZE = 5;

export function deadLetterHandlers({
  engine,
}: AdminParts): AdminHandlers<
  | 'iii::dlq::summary'
  | 'iii::dlq::list'
  | 'iii::dlq::errors'
  | 'iii::dlq::redrive'
  | 'iii::dlq::discard'
> {
  const pages = new SelectedPages(engine);
  return {
    'iii::dlq::summary': async () => {
      const queues = [];
      for (const { policy, stats } of (await knownQueues(engine)).values()) {
        const { name: queue, deadLetterQueue } = policy;
        const oldest = stats.dead === 0 ? undefined : (await listDead(engine, [queue], 1))[0];
        const oldestFailedAt = timeText(oldest?.failure?.failedAt ?? null);
        queues.push({ queue, deadLetterQueue, dead: stats.dead, oldestFailedAt });
      }
      return { queues };
    },
    'iii::dlq::list': async (input) => {
      const queues = await queuesOfDeadLetters(engine, input.string('queue'));
      const selection = readNarrowing(input, engine);
      const limit = input.optionalCount('limit', MAX_PAGE) ?? DEFAULT_PAGE;
      const cursor = input.optionalString('cursor') ?? null;
      const total = isEverything(selection) ? await countDead(engine, queues) : null;
      const request = { order: 'died', limit, cursor } as const;
      const states = selection.states ?? (['dead'] as const);
      // Listing looks at every job there is, page for page; a scan goes on where the page before ended.
      const page =
        total === null || cursor !== null
          ? await pages.next({ ...request, selection: { ...selection, queues, states } })
          : await engine.store.list({ ...request, queues, states, functionId: null });
      return { jobs: page.jobs.map(deadJob), total, nextCursor: page.nextCursor };
    },
    'iii::dlq::errors': async (input) => {
      const queue = input.string('queue');
      const queues = await queuesOfDeadLetters(engine, queue);
      const selection = { ...readNarrowing(input, engine), queues };
      return { queue, ...(await clusterErrors(engine, selection)) };
    },
    'iii::dlq::redrive': async (input, call, note) => {
      const queue = input.optionalString('queue') ?? null;
      const selection = await readSelection(engine, queue, input);
      if (input.flag('dryRun')) {
        const { plan, notFound } = await makePlan(engine, 'redrive', selection, queue);
        return { queue, redriven: plan.total, dryRun: true, plan, ...notFound };
      }
      if (selection.ids === null) {
        const redriven = await redriveAll(engine, selection, call);
        note.changed = redriven > 0;
        return { queue, redriven };
      }
      const moved = await redriveExactly(engine, { ...selection, ids: selection.ids }, call);
      note.changed = moved.length > 0;
      return { queue, redriven: moved.length, ...missing(selection, moved) };
    },
    'iii::dlq::discard': async (input, call, note) => {
      const queue = input.string('queue');
      const selection = await readSelection(engine, queue, input);
      if (selection.ids === null && !input.flag('all')) {
        throw invalid('discard needs ids, or all: true to discard every dead job of the queue');
      }
      if (input.flag('dryRun')) {
        const { plan, notFound } = await makePlan(engine, 'discard', selection, queue);
        return { queue, discarded: plan.total, dryRun: true, plan, ...notFound };
      }
      const { queues, ids, limit } = selection;
      const what = { action: 'discard', queues, limit } as const;
      if (ids === null) {
        const { changed } = await changeJobs(engine, { ...what, ids }, call);
        note.changed = changed > 0;
        return { queue, discarded: changed };
      }
      const ended = await changeExactly(engine, { ...what, ids }, call);
      note.changed = ended.length > 0;
      return { queue, discarded: ended.length, ...missing(selection, ended) };
    },
  };
}

/**
 * Brings dead jobs of these queues back, oldest death first: what fits into one atomic batch at once,
 * more as a task, which an engine that was killed goes on with. Answers how many.
 * @throws IiiError CONFLICT or UNAVAILABLE when it was not done to the end
 */
export async function redriveAll(
  engine: Engine,
  { queues, limit }: Pick<DeadSelection, 'queues' | 'limit'>,
  call: LocalCall,
): Promise<number> {
  const dead = await countDead(engine, queues);
  if (Math.min(limit, dead) <= LIMITS.bulkBatch) {
    return (await redriveAtOnce(engine, { queues, ids: null, limit: Math.min(limit, dead) }))
      .length;
  }
  const most = limit === Number.MAX_SAFE_INTEGER ? null : limit;
  const what = { action: 'redrive', queues, ids: null, limit: most } as const;
  return (await changeJobs(engine, what, call)).changed;
}

/** The same for these jobs of these queues. Answers the ids of those that it brought back. */
export async function redriveExactly(
  engine: Engine,
  selection: DeadSelection & { readonly ids: readonly string[] },
  call: LocalCall,
): Promise<readonly string[]> {
  const { queues, ids, limit } = selection;
  if (Math.min(limit, ids.length) <= LIMITS.bulkBatch) return redriveAtOnce(engine, selection);
  return changeExactly(engine, { action: 'redrive', queues, ids, limit }, call);
}

/** One atomic batch. */
async function redriveAtOnce(engine: Engine, selection: DeadSelection): Promise<readonly string[]> {
  const moved = await engine.store.redrive(selection);
  const { queues } = selection;
  if (moved.length > 0) engine.events.emit({ kind: 'jobs_redriven', queues, jobs: moved.length });
  return moved;
}

/** Ends one dead job; answers whether it did. */
export async function discardOne(
  engine: Engine,
  queues: readonly string[],
  id: string,
): Promise<boolean> {
  const ended = await engine.store.discard({ queues, ids: [id], limit: 1 });
  for (const one of ended) engine.events.emit({ kind: 'job_discarded', id: one });
  return ended.length > 0;
}

async function readSelection(
  engine: Engine,
  queue: string | null,
  input: Input,
): Promise<DeadSelection> {
  const queues =
    queue === null
      ? [...(await knownQueues(engine)).keys()]
      : await queuesOfDeadLetters(engine, queue);
  const ids = input.optionalStrings('ids') ?? null;
  const limit = input.optionalCount('limit', Number.MAX_SAFE_INTEGER) ?? Number.MAX_SAFE_INTEGER;
  return { queues, ids: ids === null ? null : [...new Set(ids)], limit };
}

async function makePlan(
  engine: Engine,
  action: 'redrive' | 'discard',
  selection: DeadSelection,
  queue: string | null,
): Promise<{ plan: Plan; notFound: { notFound?: string[] } }> {
  const { queues, ids, limit } = selection;
  const found = ids === null ? null : (await findDead(engine, queues, ids)).map(({ id }) => id);
  const everything = { states: null, where: null, cluster: null, since: null, until: null };
  const request = {
    ...{ action, queue, to: null, ratePerSecond: null, canary: null, keepsUndo: true, by: '' },
    selection: { ...everything, queues },
    jobs: found?.map((id) => ({ id, epoch: null })) ?? null,
    limit,
  };
  const { total, groups, skipped } = await planBulk(request, engine, false);
  const byFunction = new Map<string, number>();
  for (const { functionId, jobs } of groups) {
    byFunction.set(functionId, (byFunction.get(functionId) ?? 0) + jobs);
  }
  const sample = found ?? (await listDead(engine, queues, SAMPLE_SIZE)).map(({ id }) => id);
  const plan: Plan = {
    total,
    byFunction: [...byFunction].map(([functionId, jobs]) => ({ functionId, jobs })),
    sample: sample.slice(0, SAMPLE_SIZE),
    groups,
    skipped,
  };
  return { plan, notFound: missing(selection, found ?? []) };
}

function missing({ ids, limit }: DeadSelection, found: readonly string[]): { notFound?: string[] } {
  if (ids === null) return {};
  const known = new Set(found);
  const notFound = ids.slice(0, limit).filter((id) => !known.has(id));
  return notFound.length === 0 ? {} : { notFound };
}

async function findDead(
  engine: Engine,
  queues: readonly string[],
  ids: readonly string[],
): Promise<Job[]> {
  const jobs = await Promise.all(ids.map((id) => engine.store.get(id)));
  return jobs.filter(
    (job): job is Job => job !== undefined && job.state === 'dead' && queues.includes(job.queue),
  );
}

/** The dead jobs that died first, or last, up to `limit`. */
export async function listDead(
  engine: Engine,
  queues: readonly string[],
  limit: number,
  order: 'died' | 'last_died' = 'died',
): Promise<Job[]> {
  const jobs: Job[] = [];
  let cursor: string | null = null;
  while (jobs.length < limit) {
    const page = await engine.store.list({
      queues,
      states: ['dead'],
      functionId: null,
      order,
      limit: Math.min(MAX_PAGE, limit - jobs.length),
      cursor,
    });
    jobs.push(...page.jobs);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return jobs;
}

async function countDead(engine: Engine, queues: readonly string[]): Promise<number> {
  const stats = await engine.store.stats();
  return queues.reduce((total, queue) => total + (stats.get(queue)?.dead ?? 0), 0);
}
