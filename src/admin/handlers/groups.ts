import { IiiError } from '../../base/errors.ts';
import { rewriteWith } from '../../engine/bulk/actions.ts';
import type { Engine } from '../../engine/engine.ts';
import type { LocalCall } from '../../engine/functions.ts';
import { UNTIL_RESUMED } from '../../engine/parked-groups.ts';
import type { AttemptRecord, Job, JobError } from '../../queue/types.ts';
import type { GroupContract, GroupDetail } from '../group-contract.ts';
import type { Input } from '../input.ts';
import { callerName } from './bulk-input.ts';
import { explainJob } from './explain.ts';
import { findGroup, scanGroups, viewGroup } from './group-scan.ts';
import type { AdminHandlers, AdminParts, AuditNote } from './handler.ts';
import { DEFAULT_PAGE } from './jobs.ts';
import { readUntil } from './queues.ts';
import { timeText } from './views.ts';

/** Groups in one answer, and jobs behind a head, at most. */
const MAX_GROUPS = 10_000;
const MAX_BEHIND = 1_000;
const DEFAULT_BEHIND = 10;

export function groupHandlers({ engine }: AdminParts): AdminHandlers<keyof GroupContract> {
  return {
    'iii::group::list': (input) =>
      scanGroups(engine, input.string('queue'), {
        blocked: input.flag('blocked'),
        limit: input.optionalCount('limit', MAX_GROUPS) ?? DEFAULT_PAGE,
      }),
    'iii::group::get': (input) => showGroup(engine, input),
    'iii::group::skip': (input, call, note) => skipHead(engine, input, call, note),
    'iii::group::park': (input, call) => parkGroup(engine, input, call),
    'iii::group::resume': (input, _call, note) => resumeGroup(engine, input, note),
  };
}

async function showGroup(engine: Engine, input: Input): Promise<GroupDetail> {
  const queue = input.string('queue');
  const most = input.optionalCount('limit', MAX_BEHIND) ?? DEFAULT_BEHIND;
  const { head, jobs, behind, isPaused } = await findGroup(
    engine,
    queue,
    input.string('group'),
    most,
  );
  const parking = await engine.parkedGroups.of(head);
  const last = lastFailure(head);
  return {
    queue,
    ...viewGroup(engine, head, jobs, isPaused, parking),
    failure:
      last === null
        ? null
        : { at: timeText(last.endedAt), worker: last.worker, error: withoutStack(last.error) },
    reasons: (await explainJob(engine, head)).reasons,
    parked:
      parking === null
        ? null
        : { by: parking.by, since: timeText(parking.at), until: endText(parking.until) },
    behind: behind.map(({ id, functionId, attempts, enqueuedAt }) => ({
      ...{ id, functionId, attempts },
      enqueuedAt: timeText(enqueuedAt),
    })),
  };
}

async function skipHead(engine: Engine, input: Input, call: LocalCall, note: AuditNote) {
  const { queue, group, head, behind } = await findHead(engine, input);
  const { id, functionId } = head;
  const result = { queue, group, id, functionId, nextId: behind[0]?.id ?? null };
  if (input.flag('dryRun')) return result;
  const failedAt = engine.clock.now();
  const reason = input.optionalString('reason') ?? '';
  if (reason !== '') note.facts['reason'] = reason;
  const last = lastFailure(head)?.error ?? null;
  const why = reason === '' ? '' : `: ${reason}`;
  const before = last === null ? '' : ` (its last error: ${last.code}: ${last.message})`;
  const error = { code: 'skipped', message: `skipped by ${callerName(call)}${why}${before}` };
  const dead: Job = { ...head, state: 'dead', failure: { reason: 'skipped', failedAt, error } };
  await putInPlace(engine, head, dead);
  await engine.parkedGroups.forget(id);
  const { traceparent } = head;
  engine.events.emit({
    kind: 'job_dead',
    ...{ queue, id, reason: 'skipped', durationMs: 0, error, traceparent },
  });
  return result;
}

async function parkGroup(engine: Engine, input: Input, call: LocalCall) {
  const until = readUntil(input, engine) ?? UNTIL_RESUMED;
  const { queue, group, head } = await findHead(engine, input);
  const { parkedGroups, store } = engine;
  const earlier = await parkedGroups.of(head);
  const dueBefore = earlier?.dueBefore ?? head.dueAt;
  const dueAt = Math.max(until, dueBefore);
  const result = { queue, group, id: head.id, functionId: head.functionId, until: endText(dueAt) };
  if (input.flag('dryRun')) return result;
  await parkedGroups.tidy((id) => store.get(id));
  // before it waits, so that no group stands still without anybody knowing why
  const parking = { by: callerName(call), at: engine.clock.now(), until: dueAt, dueBefore };
  await parkedGroups.remember(head.id, parking);
  try {
    await putInPlace(engine, head, { ...head, state: 'delayed', dueAt });
  } catch (thrown) {
    if (earlier === null) await parkedGroups.forget(head.id);
    else await parkedGroups.remember(head.id, earlier);
    throw thrown;
  }
  return result;
}

async function resumeGroup(engine: Engine, input: Input, note: AuditNote) {
  const { queue, group, head } = await findHead(engine, input, true);
  const parking = await engine.parkedGroups.of(head);
  const { id, functionId } = head;
  const result = { queue, group, id, functionId, changed: parking !== null };
  note.changed = result.changed;
  if (parking === null || input.flag('dryRun')) return result;
  const dueAt = parking.dueBefore;
  const state = dueAt > engine.clock.now() ? 'delayed' : 'waiting';
  await putInPlace(engine, head, { ...head, state, dueAt });
  await engine.parkedGroups.forget(id);
  return result;
}

/** The head's last attempt that failed; `null` when none did. */
function lastFailure({ history }: Job): (AttemptRecord & { readonly error: JobError }) | null {
  for (const record of history.toReversed()) {
    const { error } = record;
    if (error !== null) return { ...record, error };
  }
  return null;
}

function withoutStack({ code, message }: JobError): JobError {
  return { code, message };
}

/** The group that is meant, when its head can be changed. @throws IiiError CONFLICT, NOT_FOUND */
async function findHead(engine: Engine, input: Input, mayRun = false) {
  const queue = input.string('queue');
  rewriteWith(engine.store);
  const found = await findGroup(engine, queue, input.string('group'), 1);
  const { head, group } = found;
  const expected = input.optionalString('headId');
  if (expected !== undefined && expected !== head.id) throw changed(queue, group);
  if (head.state === 'in_flight' && !mayRun) {
    const runner = engine.queues.dispatcherOf(queue)?.runnerOf(head.id) ?? null;
    const where = runner === null ? '' : ` at ${runner}`;
    throw new IiiError('CONFLICT', `the head of group ${group}, job ${head.id}, is in flight`, {
      reason: `it runs${where}; what runs is not taken away from its worker`,
      hint: `wait until the attempt ends: iii job explain ${head.id}`,
      details: { id: head.id },
    });
  }
  return { queue, ...found };
}

async function putInPlace(engine: Engine, head: Job, job: Job): Promise<void> {
  const expects = { state: head.state, epoch: head.epoch };
  const [done] = await rewriteWith(engine.store)([{ job, expects }]);
  if (done !== true) throw changed(head.queue, head.group ?? '');
}

function changed(queue: string, group: string): IiiError {
  return new IiiError(
    'CONFLICT',
    `group ${group} of ${queue} went on meanwhile; nothing was done`,
    {
      reason: 'its head started, ended or changed',
      hint: 'look at it again: iii group show',
    },
  );
}

function endText(until: number): string | null {
  return timeText(until === UNTIL_RESUMED ? null : until);
}
