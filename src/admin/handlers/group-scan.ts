import { shellWord } from '../../base/shell-word.ts';
import { IiiError } from '../../base/errors.ts';
import { canonicalText } from '../../base/json.ts';
import { search } from '../../engine/bulk/search.ts';
import type { Engine } from '../../engine/engine.ts';
import { UNTIL_RESUMED, type Parking } from '../../engine/parked-groups.ts';
import { ALIVE, groupJobs } from '../../queue/groups.ts';
import type { GroupMember, GroupScan, ScannedGroup } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import type { GroupList, GroupView } from '../group-contract.ts';
import { findQueue } from './queue-names.ts';
import { timeText } from './views.ts';

/** Looks at a group whose head ends while it is looked at. */
const FIND_TRIES = 3;

/** A group as it was when it was looked at. */
export interface FoundGroup {
  readonly group: string;
  readonly head: Job;
  /** Jobs that can still run, the head among them. */
  readonly jobs: number;
  /** The first ones behind the head. */
  readonly behind: readonly GroupMember[];
  readonly isPaused: boolean;
}

/** The groups of a FIFO queue with jobs that can still run, oldest head first. */
async function* groupsOf(engine: Engine, scan: GroupScan): AsyncGenerator<ScannedGroup> {
  const { store, clock } = engine;
  const jobs = { queues: [scan.queue], states: ALIVE, order: 'accepted', after: null } as const;
  const slices = store.groups?.(scan) ?? groupJobs(search(store, clock, jobs, null), scan);
  for await (const groups of slices) yield* groups;
}

/** The job that has to end before this one may run: the head of its group; `undefined` when it is that itself. */
export async function findOlderInGroup(engine: Engine, job: Job): Promise<GroupMember | undefined> {
  const { queue, group, id } = job;
  const fifo = engine.queues.policyOf(queue)?.type === 'fifo';
  if (!fifo || group === null) return undefined;
  for await (const { first } of groupsOf(engine, { queue, only: [group], most: 1 })) {
    const [head] = first;
    return head?.id === id ? undefined : head;
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
  const groups: GroupView[] = [];
  let total = 0;
  for await (const { group, jobs, first } of groupsOf(engine, { queue, only: null, most: 1 })) {
    const [head] = first;
    if (head === undefined) continue;
    const view = viewGroup(engine, { ...head, group }, jobs, stats.paused, parkingOf(head));
    if (wants.blocked && view.blockedBy === null) continue;
    total += 1;
    if (total <= wants.limit) groups.push(view);
    // those that are left match anyway, and are counted already
    else if (!wants.blocked) return { groups, total: Math.max(total, stats.groups) };
  }
  return { groups, total };
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
  const names = namesOf(name);
  for (let tries = 0; tries < FIND_TRIES; tries++) {
    const found = new Map<string, ScannedGroup>();
    const scan = { queue, only: names, most: most + 1 };
    for await (const group of groupsOf(engine, scan)) found.set(group.group, group);
    const known = names.flatMap((group) => found.get(group) ?? [])[0];
    if (known === undefined) break;
    const [first, ...behind] = known.first;
    const head = first === undefined ? undefined : await engine.store.get(first.id);
    // otherwise it ended since, and another one is the head
    if (head !== undefined && ALIVE.includes(head.state)) {
      return { group: known.group, head, jobs: known.jobs, behind, isPaused: stats.paused };
    }
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
  head: GroupMember & { readonly group: string | null },
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

function blockOf(engine: Engine, head: GroupMember, isPaused: boolean): GroupView['blockedBy'] {
  if (head.state === 'in_flight') return null;
  if (head.state === 'delayed') return head.attempts > 0 ? 'backoff' : 'delay';
  if (!engine.functions.isOffered(head.functionId)) return 'no_worker';
  return isPaused ? 'paused' : null;
}
