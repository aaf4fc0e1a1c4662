import type { BulkTasks } from '../../engine/bulk/bulk-tasks.ts';
import type { TaskRecord } from '../../engine/bulk/task.ts';
import { foresee, type TaskChange } from '../../engine/bulk/task-change.ts';
import type { BulkContract, TaskView } from '../bulk-contract.ts';
import type { Input } from '../input.ts';
import { readBulk } from './bulk-input.ts';
import { planBulk } from './bulk-plan.ts';
import type { AdminHandlers, AdminParts, AuditNote } from './handler.ts';
import { timeText } from './views.ts';

/** Longest time a caller may wait for a task, and the default. */
const MAX_WAIT_MS = 24 * 3_600_000;
const DEFAULT_WAIT_MS = 25_000;
const DEFAULT_AUDIT = 50;
const MAX_AUDIT = 2_000;

type TaskFunctions = Extract<
  keyof BulkContract,
  `iii::${'task' | 'undo' | 'audit' | 'bulk'}::${string}`
>;

export function taskHandlers({ engine }: AdminParts): AdminHandlers<TaskFunctions> {
  const { tasks, audit } = engine;
  const view = (record: TaskRecord): TaskView => taskView(record, tasks);
  const change = async (what: TaskChange, input: Input, note: AuditNote): Promise<TaskView> => {
    const id = input.string('id');
    const before = await tasks.get(id);
    const after = foresee(before, what);
    if (input.flag('dryRun')) return view(after);
    note.changed = after.state !== before.state;
    return view(await tasks[what](id));
  };
  return {
    'iii::bulk::plan': async (input, call) =>
      planBulk(await readBulk(input, call, engine), engine, input.flag('withJobs')),
    'iii::task::start': async (input, call) => {
      const { queue: _queue, ...request } = await readBulk(input, call, engine);
      return view(await tasks.begin(request));
    },
    'iii::task::list': async () => ({ tasks: (await tasks.list()).map(view) }),
    'iii::task::get': async (input) => view(await tasks.get(input.string('id'))),
    'iii::task::wait': async (input) => {
      const timeoutMs = input.optionalCount('timeoutMs', MAX_WAIT_MS) ?? DEFAULT_WAIT_MS;
      return view(await tasks.wait(input.string('id'), timeoutMs));
    },
    'iii::task::pause': (input, _call, note) => change('pause', input, note),
    'iii::task::resume': (input, _call, note) => change('resume', input, note),
    'iii::task::cancel': (input, _call, note) => change('cancel', input, note),
    'iii::undo::list': async () => ({ tasks: (await tasks.undoable()).map(view) }),
    'iii::undo::apply': async (input, _call, note) => {
      const id = input.string('id');
      const result = await tasks.undo(id, input.flag('dryRun'));
      note.changed = result.restored > 0;
      return { id, ...result };
    },
    'iii::audit::list': async (input) => {
      const entries = await audit.list(input.optionalCount('limit', MAX_AUDIT) ?? DEFAULT_AUDIT);
      return { entries: entries.map(({ at, ...entry }) => ({ at: timeText(at), ...entry })) };
    },
  };
}

function taskView(record: TaskRecord, tasks: BulkTasks): TaskView {
  const { request, canary } = record;
  const { action, selection, to, by, ratePerSecond, limit } = request;
  const until = record.undo === null ? null : tasks.undoUntil(record);
  return {
    id: record.id,
    action,
    state: record.state,
    queues: selection.queues,
    where: selection.where,
    cluster: selection.cluster,
    to,
    by,
    engine: record.owner,
    matched: record.matched,
    changed: record.changed,
    skipped: Object.entries(record.skipped).map(([why, jobs]) => ({ why, jobs })),
    ratePerSecond,
    limit,
    canary:
      request.canary === null
        ? null
        : {
            ...request.canary,
            released: canary?.released ?? 0,
            waiting: canary?.open.length ?? 0,
            succeeded: canary?.succeeded ?? 0,
            failed: canary?.failed ?? 0,
            passed: canary?.passed ?? false,
          },
    startedAt: timeText(record.startedAt),
    endedAt: timeText(record.endedAt),
    why: record.why,
    undoUntil: timeText(until),
  };
}
