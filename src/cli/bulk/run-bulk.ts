import type { AdminClient } from '../../admin/client.ts';
import type { BulkActionName, BulkInput, BulkPlan, TaskView } from '../../admin/bulk-contract.ts';
import { IiiError } from '../../base/errors.ts';
import { ask, canAsk, confirmationNeeded } from '../confirm.ts';
import type { Context } from '../context.ts';
import type { CommandInput } from '../input.ts';
import { countOf } from '../../base/count.ts';
import { contradiction, usageError } from '../usage.ts';
import { bulkPlan, planLines } from '../views/plan.ts';
import { readPace } from './pace.ts';
import { readPlan, writePlan } from './plan-file.ts';
import { describeSelector, readDeadSelector, readSelector } from './selector.ts';
import { watchTask } from './watch-task.ts';

/** What a bulk command is about. */
export interface BulkCommand {
  readonly action: BulkActionName;
  readonly queue: string | undefined;
  /** Jobs named one by one. */
  readonly ids: readonly string[];
  /** `dead job` or `job`. */
  readonly noun: string;
  /** As the beginning of a question: `Discard`. */
  readonly verb: string;
  /** As the end of a sentence, and the key of the count: `discarded`. */
  readonly done: string;
  /** Ends jobs: it asks first, and does nothing in a script without `--yes`. */
  readonly isDestructive: boolean;
  /** States the jobs are narrowed to. */
  readonly states?: readonly string[];
}

/** What to type when jobs of every queue would be ended. */
const EVERY_QUEUE = 'all';

/** Options that make a command a bulk command. */
export const BULK_KEYS = [
  ...['where', 'state', 'cluster', 'since', 'until', 'rate', 'canary', 'abortIfFailRate', 'to'],
  ...['plan', 'planOut', 'detach', 'withoutUndo'],
];

/** Plans, asks, begins the task, and waits for it as far as is wanted. */
export async function runBulk(
  context: Context,
  input: CommandInput,
  command: BulkCommand,
): Promise<number> {
  const { output } = context;
  const request = await readRequest(context, input, command);
  const planOut = input.text('planOut');
  const dryRun = input.flag('dryRun') || planOut !== undefined;
  const asks = !dryRun && !input.flag('yes') && (command.isDestructive || canAsk(context));
  const engine = await context.engine();
  if (dryRun || asks) {
    const withJobs = planOut !== undefined;
    const plan = await makePlan(context, engine, { ...request, withJobs });
    if (dryRun) return showPlan(context, command, request, plan, planOut);
    if (plan.total > 0 && !(await agreed(context, command, request, plan))) return 0;
  }
  const task = await engine.call('iii::task::start', request);
  context.afterInterrupt = `the engine goes on with it; iii task watch ${task.id}, or iii task cancel ${task.id}`;
  if (input.flag('detach')) {
    await output.note(`Task ${task.id} is under way: iii task watch ${task.id}`);
    await output.done(task, task.id, task.id);
    return 0;
  }
  const ended = await watchTask(context, engine, task);
  return report(context, command, request, ended);
}

async function readRequest(
  context: Context,
  input: CommandInput,
  command: BulkCommand,
): Promise<BulkInput> {
  const { action, queue, ids, states } = command;
  const isOfTheDead = action === 'redrive' || action === 'discard';
  const selector = await (isOfTheDead ? readDeadSelector : readSelector)(context, input);
  const to = input.text('to');
  const planFile = input.text('plan');
  const all = input.flag('all');
  const isSelective = Object.keys(selector).length > 0;
  const ways = [ids.length > 0, all, planFile !== undefined].filter(Boolean).length;
  if (ways > 1) throw contradiction('--id, --all and --plan');
  if (ids.length > 0 && isSelective) throw contradiction('ids and a selector');
  if (planFile !== undefined && isSelective) {
    throw usageError(
      '--plan and a selector contradict each other',
      'leave the selector out',
      'a plan names its jobs one by one',
    );
  }
  const common = { action, ...(to === undefined ? {} : { to }), ...readPace(input) };
  if (planFile !== undefined) {
    const plan = await readPlan(context, planFile, action);
    if (queue !== undefined && queue !== plan.queue) {
      throw usageError(
        `the plan ${planFile} is for ${plan.queue ?? 'every queue'}, not for ${queue}`,
        'leave the queue out',
        'a plan names its jobs one by one, and their queue',
      );
    }
    const target = plan.to ?? to;
    const place = plan.queue === null ? {} : { queue: plan.queue };
    return {
      ...common,
      ...place,
      ...(target === undefined ? {} : { to: target }),
      jobs: plan.jobs,
    };
  }
  if (command.isDestructive && !isSelective && ids.length === 0 && !all) {
    throw usageError(
      `'${action}' needs to know which jobs`,
      `name them, select them (--where, --cluster, --since), or give --all`,
      'what ends jobs does not take all of them unless that is said',
    );
  }
  if (command.isDestructive && !isSelective && all && queue === undefined) {
    throw usageError(
      '--all needs a queue',
      'name the queue: iii dlq list says which have dead jobs',
      'all of every queue is more than anybody means',
    );
  }
  return {
    ...common,
    ...selector,
    ...(states === undefined || selector.states !== undefined ? {} : { states }),
    ...(queue === undefined ? {} : { queue }),
    ...(ids.length === 0 ? {} : { jobs: [...new Set(ids)].map((id) => ({ id })) }),
    ...(all ? { all } : {}),
  };
}

async function makePlan(
  context: Context,
  engine: AdminClient,
  request: BulkInput & { readonly withJobs: boolean },
): Promise<BulkPlan> {
  const progress = context.output.progress('looking through the jobs');
  try {
    return await engine.call('iii::bulk::plan', request, { timeoutMs: Number.MAX_SAFE_INTEGER });
  } finally {
    progress.stop();
  }
}

async function showPlan(
  context: Context,
  { noun, done }: BulkCommand,
  request: BulkInput,
  plan: BulkPlan,
  planOut: string | undefined,
): Promise<number> {
  const { output } = context;
  if (planOut !== undefined) {
    await writePlan(context, planOut, request, plan);
    await output.note(`The plan is in ${planOut}; --plan ${planOut} carries out exactly that.`);
  }
  const { jobs: _jobs, ...shown } = plan;
  const machine = { queue: plan.queue, [done]: plan.total, dryRun: true, plan: shown };
  const summary = `${countOf(plan.total, noun)} would be ${done}`;
  await output.record(shown, bulkPlan(summary, plan.queue ?? 'all'), machine);
  return 0;
}

async function agreed(
  context: Context,
  command: BulkCommand,
  request: BulkInput,
  plan: BulkPlan,
): Promise<boolean> {
  const { noun, verb } = command;
  const { queue } = request;
  const which = describeSelector(request);
  const where = queue === undefined ? '' : ` of ${queue}`;
  const question = {
    action: `${verb} ${countOf(plan.total, noun)}${where}${which === '' ? '' : ` ${which}`}`,
    sample: planLines(plan),
    total: plan.total,
    ...(command.isDestructive ? { word: queue ?? EVERY_QUEUE } : {}),
    severe: command.isDestructive && request.all === true,
  };
  if (!canAsk(context)) throw confirmationNeeded(question);
  if (await ask(context, question)) return true;
  await context.output.note('Nothing was done.');
  return false;
}

async function report(
  context: Context,
  command: BulkCommand,
  request: BulkInput,
  task: TaskView,
): Promise<number> {
  const { output } = context;
  const { noun, done } = command;
  const { queue } = request;
  const skipped = task.skipped.reduce((sum, { jobs }) => sum + jobs, 0);
  if (task.changed === 0 && request.jobs !== undefined && skipped > 0 && task.state === 'done') {
    const [first] = task.skipped;
    const isUnknown = task.skipped.every(({ why }) => why === 'there is no such job');
    throw new IiiError(isUnknown ? 'JOB_NOT_FOUND' : 'CONFLICT', `no ${noun} was ${done}`, {
      reason: first === undefined ? undefined : `${countOf(first.jobs, 'job')}: ${first.why}`,
      hint: 'see iii job list; a plan can be made anew with --plan-out',
      details: { skipped: task.skipped, task: task.id },
    });
  }
  for (const { why, jobs } of task.skipped)
    await output.note(`${countOf(jobs, 'job')} left alone: ${why}`);
  if (task.undoUntil !== null && task.changed > 0) {
    await output.note(`It can be undone until ${task.undoUntil}: iii undo apply ${task.id}`);
  }
  const { changed, state, why } = task;
  const end = state === 'done' ? '' : ` The task is ${state}${why === null ? '' : `: ${why}`}.`;
  await output.done(
    { queue: queue ?? null, [done]: changed, task: task.id, state, skipped: task.skipped, why },
    `${countOf(changed, noun)} ${done}.${end}`,
    task.id,
  );
  if (state !== 'done') return 1;
  return skipped > 0 ? 3 : 0;
}
