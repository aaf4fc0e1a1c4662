import { shellWord } from '../../../base/shell-word.ts';
import type { AdminInput, AdminResult } from '../../../admin/contract.ts';
import { IiiError } from '../../../base/errors.ts';
import { BULK_KEYS, runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import { ask, canAsk, confirmationNeeded } from '../../confirm.ts';
import type { CommandInput } from '../../input.ts';
import { countOf } from '../../../base/count.ts';
import { contradiction, usageError } from '../../usage.ts';
import { bulkPlan, planLines } from '../../views/plan.ts';

type Selection = AdminInput<'iii::dlq::discard'>;
type Result = AdminResult<'iii::dlq::discard'>;

export const run: RunCommand = async (context, input) => {
  const named = input.optionalArgument('queue');
  if (input.hasAny(BULK_KEYS) || named === undefined) {
    return runBulk(context, input, {
      action: 'discard',
      queue: named,
      ids: input.list('id'),
      noun: 'dead job',
      verb: 'Discard',
      done: 'discarded',
      isDestructive: true,
    });
  }
  const { output } = context;
  const selection = readSelection(input);
  const engine = await context.engine();
  const planned = await engine.call('iii::dlq::discard', { ...selection, dryRun: true });
  refuseWhenNothingFound(planned, selection);
  let result = planned;
  if (!input.flag('dryRun')) {
    const total = planned.plan?.total ?? 0;
    if (total > 0 && !input.flag('yes')) {
      const question = {
        action: `Discard ${countOf(total, 'dead job')} of ${selection.queue}`,
        sample: planned.plan === undefined ? [] : planLines(planned.plan),
        total,
        word: selection.queue,
        severe: selection.all === true,
      };
      if (!canAsk(context)) throw confirmationNeeded(question);
      if (!(await ask(context, question))) {
        await output.note('Nothing was done.');
        return 0;
      }
    }
    context.afterInterrupt = 'what the engine has begun it finishes; see iii dlq list';
    result = await engine.call('iii::dlq::discard', selection);
  }
  const missing = result.notFound ?? [];
  for (const id of missing) await output.note(`${id}: no such dead job`);
  const { queue } = selection;
  if (result.plan === undefined) {
    const sentence = `${countOf(result.discarded, 'dead job')} of ${queue} discarded.`;
    await output.done(result, sentence, queue);
  } else {
    const summary = `${countOf(result.plan.total, 'dead job')} of ${queue} would be discarded.`;
    await output.record(result.plan, bulkPlan(summary, queue), result);
  }
  return missing.length > 0 ? 3 : 0;
};

function readSelection(input: CommandInput): Selection {
  const queue = input.argument('queue');
  const ids = input.list('id');
  const all = input.flag('all');
  const limit = input.count('limit', 1);
  if (all && ids.length > 0) {
    throw contradiction('--all and --id');
  }
  if (!all && ids.length === 0) {
    throw usageError(
      `'dlq discard' needs to know which jobs`,
      `iii dlq discard ${shellWord(queue)} --id <id>, or --all for every dead job`,
      'what ends jobs does not take all of them unless that is said',
    );
  }
  return {
    queue,
    ...(all ? { all } : { ids }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function refuseWhenNothingFound(planned: Result, selection: Selection): void {
  const missing = planned.notFound ?? [];
  if (selection.ids === undefined || missing.length < selection.ids.length) return;
  throw new IiiError('JOB_NOT_FOUND', `no such dead job in ${selection.queue}`, {
    reason: `not found: ${missing.join(', ')}`,
    hint: `the dead jobs: iii dlq list ${shellWord(selection.queue)}`,
    details: { notFound: missing },
  });
}
