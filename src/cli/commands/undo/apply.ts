import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';

export const run: RunCommand = async (context, input) => {
  const id = input.argument('task');
  const dryRun = input.flag('dryRun');
  const engine = await context.engine();
  const progress = context.output.progress('bringing jobs back');
  const answer = engine.call('iii::undo::apply', { id, ...(dryRun ? { dryRun } : {}) });
  const result = await answer.finally(() => progress.stop());
  if (result.skipped > 0) {
    await context.output.note(
      `${countOf(result.skipped, 'job')} left alone: there already, or another job has the dedup key`,
    );
  }
  await context.output.done(
    dryRun ? { ...result, dryRun } : result,
    `${countOf(result.restored, 'job')} ${dryRun ? 'would be brought back' : 'brought back'}.`,
    id,
  );
  return result.skipped > 0 ? 3 : 0;
};
