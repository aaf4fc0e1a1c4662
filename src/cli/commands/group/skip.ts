import { shellWord } from '../../../base/shell-word.ts';
import type { RunCommand } from '../../command.ts';
import { ask, canAsk, confirmationNeeded } from '../../confirm.ts';

/** Lets a group go on without its head, which becomes a dead job. */
export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const reason = input.text('reason');
  const dryRun = input.flag('dryRun');
  const target = {
    queue: input.argument('queue'),
    group: input.argument('group'),
    ...(reason === undefined ? {} : { reason }),
  };
  const engine = await context.engine();
  const planned = await engine.call('iii::group::skip', { ...target, dryRun: true });
  const { queue, group, id, functionId } = planned;
  let result = planned;
  if (!dryRun) {
    if (!input.flag('yes')) {
      const next = planned.nextId === null ? 'nothing is behind it' : `next: ${planned.nextId}`;
      const question = {
        action: `Skip the head of group ${group} of ${queue}: it becomes a dead job`,
        sample: [`${id} (${functionId})`, next],
        total: 1,
      };
      if (!canAsk(context)) throw confirmationNeeded(question);
      if (!(await ask(context, question))) {
        await output.note('Nothing was done.');
        return 0;
      }
    }
    // the one that was shown, and no other that became the head meanwhile
    result = await engine.call('iii::group::skip', { ...target, headId: id });
  }
  const what = dryRun ? 'would be skipped' : 'is skipped and dead';
  await output.done(dryRun ? { ...result, dryRun } : result, `${id} ${what}.`, id);
  if (!dryRun)
    await output.note(
      `To bring it back to its place: iii dlq redrive ${shellWord(queue)} --id ${id}`,
    );
  return 0;
};
