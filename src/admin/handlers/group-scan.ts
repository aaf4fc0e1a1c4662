import { shellWord } from '../../base/shell-word.ts';
import { IiiError } from '../../base/errors.ts';
import { canonicalText } from '../../base/json.ts';
import { search } from '../../engine/bulk/search.ts';
import type { Engine } from '../../engine/engine.ts';
import { UNTIL_RESUMED, type Parking } from '../../engine/parked-groups.ts';
import type { ScannedJob } from '../../queue/store.ts';
import type { Job, JobState } from '../../queue/types.ts';
import type { GroupList, GroupView } from '../group-contract.ts';
import { findQueue } from './queue-names.ts';
import { timeText } from './views.ts';

/** States of a job that can still run. */
const ALIVE: readonly JobState[] = ['waiting', 'delayed', 'in_flight'];

/** A group as it was when it was looked at. */
export interface FoundGroup {
  readonly group: string;
  readonly head: Job;
  /** Jobs that can still run, the head among them. */
  readonly jobs: number;
  /** The first ones behind the head. */
  readonly behind: readonly Job[];
  readonly isPaused: boolean;
}

/** Every job of a FIFO queue that can still run, oldest first. */
async function* aliveJobs(engine: Engine, queue: string): AsyncGenerator<ScannedJob> {
  const scan = { queues: [queue], states: ALIVE, order: 'accepted', after: null } as const;
  for await (const jobs of search(engine.store, engine.clock, scan, null)) yield* jobs;
}

/** The job that has to end before this one may run: the head of its group; `undefined` when it is that itself. */
export async function findOlderInGroup(engine: Engine, job: Job): Promise<Job | undefined> {
  const fifo = engine.queues.policyOf(job.queue)?.type === 'fifo';
  if (!fifo || job.group === null) return undefined;
  for await (const other of aliveJobs(engine, job.queue)) {
    if (other.group !== job.group) continue;
    return other.id === job.id ? undefined : other.whole();
  }
  return undefined;
}

/**
 * The groups of a queue, the one with the oldest head first.
 * @param limit groups in the answer, at most; all that match are counted
 * @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS for a queue without groups
 */
export async function scanGroups(
  engine: Engine,
  queue: string,
  wants: { readonly blocked: boolean; readonly limit: number },
): Promise<GroupList> {
  const { policy, stats } = await findQueue(engine, queue);
  refuseWithoutGroups(policy);
  const parkingOf = await engine.parkedGroups.all();
  // null: a group that is not to be in the answer
  const groups = new Map<string, { head: GroupView; jobs: number } | null>();
  let total = 0;
  for await (const job of aliveJobs(engine, queue)) {
    const key = job.group ?? '';
    const known = groups.get(key);
    if (known === undefined) {
      const head = viewGroup(engine, job, 1, stats.paused, parkingOf(job));
      const matches = !wants.blocked || head.blockedBy !== null;
      if (matches) total += 1;
      groups.set(key, matches && total <= wants.limit ? { head, jobs: 1 } : null);
    } else if (known !== null) known.jobs += 1;
  }
  const shown = [...groups.values()].filter((group) => group !== null);
  return { groups: shown.map(({ head, jobs }) => ({ ...head, jobs })), total };
}

/**
 * One group, named by canonical JSON or by the bare text of its value.
 * @param most jobs behind the head in the answer, at most
 * @throws IiiError QUEUE_NOT_FOUND, INVALID_ARGUMENTS for a queue without groups, NOT_FOUND
 */
export async function findGroup(
  engine: Engine,
  queue: string,
  name: string,
  most: number,
): Promise<FoundGroup> {
  const { policy, stats } = await findQueue(engine, queue);
  refuseWithoutGroups(policy);
  const found = new Map<string, { head: Job; jobs: number; behind: Job[] }>();
  const names = namesOf(name);
  for await (const job of aliveJobs(engine, queue)) {
    const key = job.group ?? '';
    if (!names.includes(key)) continue;
    const group = found.get(key);
    if (group === undefined) {
      const head = job.whole();
      if (head !== undefined) found.set(key, { head, jobs: 1, behind: [] });
      continue;
    }
    group.jobs += 1;
    const follower = group.behind.length < most ? job.whole() : undefined;
    if (follower !== undefined) group.behind.push(follower);
  }
  for (const group of names) {
    const one = found.get(group);
    if (one !== undefined) return { group, ...one, isPaused: stats.paused };
  }
  throw new IiiError('NOT_FOUND', `queue '${queue}' has no group ${name} with jobs that can run`, {
    reason: 'its jobs ended, or the value of its group field is another',
    hint: `iii group list ${shellWord(queue)}`,
  });
}

/** How a group may be written, the likeliest first: `12` is the number before it is the text. */
function namesOf(name: string): readonly string[] {
  const text = JSON.stringify(name);
  try {
    return [canonicalText(JSON.stringify(JSON.parse(name))), name, text];
  } catch {
    return [name, text];
  }
}

/** @throws IiiError INVALID_ARGUMENTS */
function refuseWithoutGroups(policy: { readonly name: string; readonly type: string }): void {
  if (policy.type === 'fifo') return;
  throw new IiiError('INVALID_ARGUMENTS', `queue '${policy.name}' is standard and has no groups`, {
    hint: 'iii queue list shows the type of every queue',
  });
}

/** A group as it is listed. */
export function viewGroup(
  engine: Engine,
  head: Pick<ScannedJob, 'id' | 'functionId' | 'state' | 'group' | 'attempts' | 'enqueuedAt'> & {
    readonly dueAt: number;
  },
  jobs: number,
  isPaused: boolean,
  parking: Parking | null,
): GroupView {
  const isOpenEnded = parking?.until === UNTIL_RESUMED;
  return {
    group: head.group ?? '',
    jobs,
    head: {
      id: head.id,
      functionId: head.functionId,
      state: head.state as GroupView['head']['state'],
      attempts: head.attempts,
      enqueuedAt: timeText(head.enqueuedAt),
      dueAt: timeText(head.state === 'delayed' && !isOpenEnded ? head.dueAt : null),
    },
    blockedBy: parking === null ? blockOf(engine, head, isPaused) : 'parked',
  };
}

function blockOf(
  engine: Engine,
  head: Pick<ScannedJob, 'state' | 'attempts' | 'functionId'>,
  isPaused: boolean,
): GroupView['blockedBy'] {
  if (head.state === 'in_flight') return null;
  if (head.state === 'delayed') return head.attempts > 0 ? 'backoff' : 'delay';
  if (!engine.functions.isOffered(head.functionId)) return 'no_worker';
  return isPaused ? 'paused' : null;
}
