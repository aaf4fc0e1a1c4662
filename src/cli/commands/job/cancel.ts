import { IiiError } from '../../../base/errors.ts';
import { jobsOf } from '../../bulk/jobs-of.ts';
import { BULK_KEYS, runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import { ask, canAsk, confirmationNeeded } from '../../confirm.ts';
import { countOf } from '../../../base/count.ts';

export const run: RunCommand = async (context, input) => {
  if (input.hasAny([...BULK_KEYS, 'all'])) {
    return runBulk(context, input, {
      action: 'cancel',
      ...jobsOf(input),
      noun: 'job',
      verb: 'Cancel',
      done: 'cancelled',
      isDestructive: true,
    });
  }
  const { output } = context;
  const ids = [...new Set(jobsOf(input).ids)];
  const question = {
    action: `Cancel ${countOf(ids.length, 'job')}`,
    sample: ids,
    total: ids.length,
  };
  const dryRun = input.flag('dryRun');
  const decided = dryRun || input.flag('yes');
  if (!decided && !canAsk(context)) throw confirmationNeeded(question);

  const engine = await context.engine();
  if (!decided && !(await ask(context, question))) {
    await output.note('Nothing was done.');
    return 0;
  }
  const result = await engine.call('iii::job::cancel', { ids, ...(dryRun ? { dryRun } : {}) });
  const [first] = result.skipped;
  if (result.cancelled === 0 && first !== undefined) {
    // Says so by itself when there is no such job.
    await engine.call('iii::job::get', { id: first.id });
    throw new IiiError('CONFLICT', 'none of these jobs can be cancelled', {
      reason: `${first.id}: ${first.why}`,
      hint: 'only jobs that wait can be cancelled; see iii job show <id>',
      details: { skipped: result.skipped },
    });
  }
  for (const { id, why } of result.skipped) await output.note(`${id}: ${why}`);
  await output.done(
    dryRun ? { ...result, dryRun } : result,
    `${countOf(result.cancelled, 'job')} ${dryRun ? 'would be cancelled' : 'cancelled'}.`,
    ids.join('\n'),
  );
  return result.skipped.length > 0 ? 3 : 0;
};
