import { IiiError } from '../../base/errors.ts';
import { canonicalText, depthOf } from '../../base/json.ts';
import type { Engine } from '../../engine/engine.ts';
import { rewriteWith } from '../../engine/bulk/actions.ts';
import { groupOf } from '../../queue/group.ts';
import { LIMITS } from '../../queue/limits.ts';
import type { Rewrite } from '../../queue/store.ts';
import type { Job, QueuePolicy } from '../../queue/types.ts';
import type { BulkContract, ImportCounts, ImportedJob } from '../bulk-contract.ts';
import { invalid } from '../input.ts';
import { exportedJob, readExportedJob, type ReadJob } from './exported-job.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { findQueue, queuesOfDeadLetters } from './queue-names.ts';
import { readNarrowing } from './selector-input.ts';
import { SelectedPages } from './selected-pages.ts';

/** Jobs on one page of an export, and in one import, at most. */
const MAX_JOBS = 1_000;
const DEFAULT_JOBS = 200;

type TransferFunctions = Extract<
  keyof BulkContract,
  'iii::dlq::export' | 'iii::dlq::import' | 'iii::job::edit'
>;

export function transferHandlers({ engine }: AdminParts): AdminHandlers<TransferFunctions> {
  const pages = new SelectedPages(engine);
  return {
    'iii::dlq::export': async (input) => {
      const queues = await queuesOfDeadLetters(engine, input.string('queue'));
      const isOrdered = queues.some((queue) => engine.queues.policyOf(queue)?.type === 'fifo');
      const { jobs, nextCursor } = await pages.next({
        selection: { ...readNarrowing(input, engine), queues, states: ['dead'] },
        order: isOrdered ? 'accepted' : 'died',
        limit: input.optionalCount('limit', MAX_JOBS) ?? DEFAULT_JOBS,
        cursor: input.optionalString('cursor') ?? null,
      });
      return { jobs: jobs.map(exportedJob), nextCursor };
    },
    'iii::dlq::import': async (input, _call, note) => {
      const items = input.raw('jobs');
      if (!Array.isArray(items) || items.length > MAX_JOBS) {
        throw invalid(`jobs must be a list of ${MAX_JOBS} jobs at most`);
      }
      const queue = input.optionalString('queue') ?? null;
      if (queue !== null) await findQueue(engine, queue);
      const jobs = items.map(readExportedJob);
      const results = await importJobs(jobs, queue, engine, input.flag('dryRun'));
      const counts = countOutcomes(results);
      note.changed = counts.added + counts.replaced > 0;
      return { ...(queue === null ? {} : { queue }), ...counts, jobs: results };
    },
    'iii::job::edit': async (input, _call, note) => {
      const id = input.string('id');
      const payload = input.string('payloadText');
      const job = await engine.store.get(id);
      if (job === undefined) {
        throw new IiiError('JOB_NOT_FOUND', `job '${id}' does not exist`, { hint: 'iii job list' });
      }
      if (job.state !== 'dead' && job.state !== 'waiting' && job.state !== 'delayed') {
        throw new IiiError(
          'CONFLICT',
          `job '${id}' cannot be edited: it is ${job.state.replace('_', ' ')}`,
          {
            hint: 'only jobs that wait or are dead can be edited',
          },
        );
      }
      const policy = engine.queues.policyOf(job.queue);
      const edited = { ...job, payload, group: placeOf(payload, policy, engine) };
      const changes = changesOf(job, edited);
      note.changed = changes.length > 0;
      if (!note.changed || input.flag('dryRun')) return { id, changed: note.changed, changes };
      const expects = { state: job.state, epoch: job.epoch };
      const [done] = await rewriteWith(engine.store)([{ job: edited, expects }]);
      if (done === true) return { id, changed: true, changes };
      throw new IiiError('CONFLICT', `job '${id}' started or changed meanwhile`, {
        hint: `iii job show ${id}`,
      });
    },
  };
}

async function importJobs(
  read: readonly ReadJob[],
  queue: string | null,
  engine: Engine,
  dryRun: boolean,
): Promise<readonly ImportedJob[]> {
  const seen = new Set<string>();
  const rewrites: { readonly at: number; readonly rewrite: Rewrite }[] = [];
  const results = await Promise.all(
    read.map(async ({ job: found, problem }, at): Promise<ImportedJob> => {
      const { id } = found;
      const refuse = (why: string): ImportedJob => ({ id, outcome: 'refused', why, changes: [] });
      if (problem !== null) return refuse(problem);
      if (seen.has(id)) return refuse('its id comes twice');
      seen.add(id);
      const target = queue ?? found.queue;
      const policy = engine.queues.policyOf(target);
      if (policy === undefined) return refuse(`there is no queue '${target}' here`);
      let job: Job;
      try {
        job = { ...found, queue: target, group: placeOf(found.payload, policy, engine) };
      } catch (thrown) {
        return refuse(thrown instanceof IiiError ? thrown.message : 'its payload cannot be taken');
      }
      const here = await engine.store.get(id);
      if (here === undefined || here.state === 'discarded') {
        rewrites.push({ at, rewrite: { job, expects: 'absent' } });
        return { id, outcome: 'added', why: null, changes: [] };
      }
      if (here.state !== 'dead') return refuse(`it is ${here.state.replace('_', ' ')} here`);
      const changes = changesOf(here, job);
      if (changes.length === 0) return { id, outcome: 'unchanged', why: null, changes };
      const expects = { state: here.state, epoch: here.epoch };
      rewrites.push({ at, rewrite: { job: { ...job, seq: here.seq }, expects } });
      return { id, outcome: 'replaced', why: null, changes };
    }),
  );
  if (dryRun || rewrites.length === 0) return results;
  rewrites.sort((a, b) => a.at - b.at);
  const done = await rewriteWith(engine.store)(rewrites.map(({ rewrite }) => rewrite));
  rewrites.forEach(({ at }, index) => {
    const result = results[at];
    if (result === undefined || done[index] === true) return;
    const why = 'it changed meanwhile, or its dedup key belongs to another job';
    results[at] = { ...result, outcome: 'refused', why, changes: [] };
  });
  return results;
}

/** How many jobs ended in each way: what the audit trail keeps of an import. */
function countOutcomes(results: readonly ImportedJob[]): ImportCounts {
  const counts = { added: 0, replaced: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of results) counts[outcome]++;
  return counts;
}

/** The group of a payload in a queue. @throws IiiError when the queue does not take the payload */
function placeOf(payload: string, policy: QueuePolicy | undefined, engine: Engine): string | null {
  try {
    JSON.parse(payload);
  } catch {
    throw invalid('the payload is not JSON');
  }
  if (Buffer.byteLength(payload) > engine.maxJobBytes || depthOf(payload) > LIMITS.maxJsonDepth) {
    throw invalid(`the payload is larger than ${engine.maxJobBytes} bytes, or nested too deep`);
  }
  return policy === undefined || policy.groupField === null ? null : groupOf(payload, policy);
}

/** The names of what differs; the history is what happened and not what can be edited. */
function changesOf(here: Job, there: Job): string[] {
  const changes: string[] = [];
  if (here.queue !== there.queue) changes.push('queue');
  if (here.functionId !== there.functionId) changes.push('functionId');
  if (
    here.payload !== there.payload &&
    canonicalText(here.payload) !== canonicalText(there.payload)
  ) {
    changes.push('payload');
  }
  if (here.priority !== there.priority) changes.push('priority');
  if (here.dedupKey !== there.dedupKey) changes.push('dedupKey');
  if (JSON.stringify(here.overrides) !== JSON.stringify(there.overrides)) changes.push('overrides');
  return changes;
}
