import type { AdminClient } from '../../../admin/client.ts';
import type { AdminInput, AdminResult } from '../../../admin/contract.ts';
import { IiiError } from '../../../base/errors.ts';
import { BULK_KEYS, runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ask, canAsk } from '../../confirm.ts';
import type { CommandInput } from '../../input.ts';
import { countOf } from '../../../base/count.ts';
import { contradiction } from '../../usage.ts';
import { bulkPlan, planLines } from '../../views/plan.ts';

type Selection = AdminInput<'iii::dlq::redrive'>;
type Result = AdminResult<'iii::dlq::redrive'>;

export const run: RunCommand = async (context, input) => {
  if (input.hasAny(BULK_KEYS)) {
    return runBulk(context, input, {
      action: 'redrive',
      queue: input.optionalArgument('queue'),
      ids: input.list('id'),
      noun: 'dead job',
      verb: 'Bring back',
      done: 'redriven',
      isDestructive: false,
    });
  }
  const { output } = context;
  const selection = readSelection(input);
  const engine = await context.engine();
  const dryRun = input.flag('dryRun');
  const asks = !dryRun && !input.flag('yes') && canAsk(context);
  if (asks && !(await agreed(context, engine, selection))) return 0;

  const progress = output.progress('bringing dead jobs back');
  let result: Result;
  try {
    context.afterInterrupt = 'what the engine has begun it finishes; see iii dlq list';
    result = await engine.call('iii::dlq::redrive', {
      ...selection,
      ...(dryRun ? { dryRun } : {}),
    });
  } finally {
    progress.stop();
  }
  const missing = result.notFound ?? [];
  if (selection.ids !== undefined && missing.length === selection.ids.length) {
    throw new IiiError('JOB_NOT_FOUND', 'none of these jobs is dead there', {
      reason: `not found: ${missing.join(', ')}`,
      hint: 'the dead jobs: iii dlq list <queue>',
      details: { notFound: missing },
    });
  }
  for (const id of missing) await output.note(`${id}: no such dead job`);
  const name = selection.queue ?? 'all';
  if (result.plan === undefined) {
    const sentence = `${countOf(result.redriven, 'dead job')} brought back ${place(selection)}.`;
    await output.done(result, sentence, name);
  } else {
    const summary = `${countOf(result.plan.total, 'dead job')} would come back ${place(selection)}.`;
    await output.record(result.plan, bulkPlan(summary, name), result);
  }
  return missing.length > 0 ? 3 : 0;
};

function readSelection(input: CommandInput): Selection {
  const queue = input.optionalArgument('queue');
  const ids = input.list('id');
  const limit = input.count('limit', 1);
  if (input.flag('all') && ids.length > 0) {
    throw contradiction('--all and --id');
  }
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(ids.length === 0 ? {} : { ids }),
    ...(limit === undefined ? {} : { limit }),
  };
}

async function agreed(
  context: Context,
  engine: AdminClient,
  selection: Selection,
): Promise<boolean> {
  const { plan } = await engine.call('iii::dlq::redrive', { ...selection, dryRun: true });
  if (plan === undefined || plan.total === 0) return true;
  const yes = await ask(context, {
    action: `Bring back ${countOf(plan.total, 'dead job')} ${place(selection)}`,
    sample: planLines(plan),
    total: plan.total,
  });
  if (!yes) await context.output.note('Nothing was done.');
  return yes;
}

function place(selection: Selection): string {
  return selection.queue === undefined ? 'to their queues' : `to ${selection.queue}`;
}
