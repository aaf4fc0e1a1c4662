import type { Engine } from '../../engine/engine.ts';
import { endsJobs } from '../../engine/bulk/actions.ts';
import type { BulkAction, BulkRequest, ExactJob } from '../../engine/bulk/task.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { invalid, type Input } from '../input.ts';
import { findQueue, queuesOfDeadLetters } from './queue-names.ts';
import { isEverything, readNarrowing } from './selector-input.ts';

/** Jobs that may be named one by one. */
export const MOST_EXACT_JOBS = 100_000;
const MAX_RATE = 1_000_000;

const ACTIONS: readonly BulkAction[] = ['redrive', 'discard', 'cancel', 'move', 'retry'];

/** Reads what is to be done to which jobs. @throws IiiError INVALID_ARGUMENTS, QUEUE_NOT_FOUND */
export async function readBulk(
  input: Input,
  call: LocalCall,
  engine: Engine,
): Promise<BulkRequest & { readonly queue: string | null }> {
  const action = ACTIONS.find((known) => known === input.string('action'));
  if (action === undefined) throw invalid(`action must be one of ${ACTIONS.join(', ')}`);
  const queue = input.optionalString('queue') ?? null;
  const selection = readNarrowing(input, engine);
  const jobs = readJobs(input);
  if (jobs !== null && !isEverything(selection)) {
    throw invalid(
      'jobs and a selector contradict each other',
      'name the jobs, or select them: nothing was done',
    );
  }
  const limit = input.optionalCount('limit', Number.MAX_SAFE_INTEGER) ?? null;
  if (jobs === null && isEverything(selection) && endsJobs(action) && !input.flag('all')) {
    throw invalid(`${action} needs jobs, a selector, or all: true`);
  }
  const to = input.optionalString('to') ?? null;
  if (to !== null && (action === 'redrive' || action === 'move')) await findQueue(engine, to);
  else if (to !== null) throw invalid(`${action} does not take to`);
  else if (action === 'move') throw invalid('move needs to');
  return {
    action,
    queue,
    selection: { ...selection, queues: await readQueues(queue, action, engine) },
    jobs,
    to,
    ratePerSecond: readRate(input),
    limit,
    canary: readCanary(input, action),
    keepsUndo: !input.flag('noUndo'),
    by: callerName(call),
  };
}

/** Who calls, for the audit trail. */
export function callerName({ caller }: LocalCall): string {
  return caller?.tokenName ?? caller?.remoteAddress ?? 'this process';
}

async function readQueues(
  queue: string | null,
  action: BulkAction,
  engine: Engine,
): Promise<readonly string[] | null> {
  if (queue === null) return null;
  // a dead-letter queue's name stands for the queues that keep their dead jobs there
  if (action === 'redrive' || action === 'discard') return queuesOfDeadLetters(engine, queue);
  await findQueue(engine, queue);
  return [queue];
}

function readJobs(input: Input): readonly ExactJob[] | null {
  const value = input.raw('jobs') ?? null;
  if (value === null) return null;
  if (!Array.isArray(value)) throw invalid('jobs must be a list');
  if (value.length > MOST_EXACT_JOBS) {
    throw invalid(`jobs may name ${MOST_EXACT_JOBS} jobs at most; use a selector`);
  }
  const jobs = new Map<string, ExactJob>();
  for (const item of value as unknown[]) {
    const { id, epoch = null } = (item ?? {}) as Partial<Record<'id' | 'epoch', unknown>>;
    const isEpoch = epoch === null || (typeof epoch === 'number' && Number.isInteger(epoch));
    if (typeof id !== 'string' || !isEpoch) throw invalid('each of jobs must be {id, epoch?}');
    jobs.set(id, { id, epoch });
  }
  return [...jobs.values()];
}

function readRate(input: Input): number | null {
  const value = input.raw('ratePerSecond') ?? null;
  if (value === null || (typeof value === 'number' && value > 0 && value <= MAX_RATE)) return value;
  throw invalid(`ratePerSecond must be a number above 0, and ${MAX_RATE} at most`);
}

function readCanary(input: Input, action: BulkAction): BulkRequest['canary'] {
  const value = input.raw('canary') ?? null;
  if (value === null) return null;
  if (action !== 'redrive') throw invalid(`${action} does not take canary`);
  const { jobs, abortIfFailRate = 0 } = value as Partial<Record<string, unknown>>;
  const isCount = typeof jobs === 'number' && Number.isInteger(jobs) && jobs > 0;
  const isShare = typeof abortIfFailRate === 'number' && abortIfFailRate >= 0;
  if (isCount && isShare && abortIfFailRate <= 1) return { jobs, abortIfFailRate };
  throw invalid('canary must be {jobs: 1 or more, abortIfFailRate: 0 to 1}');
}
