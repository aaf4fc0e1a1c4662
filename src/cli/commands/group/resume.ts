import type { RunCommand } from '../../command.ts';

/** Lets a parked group go on; doing it twice is no failure. */
export const run: RunCommand = async (context, input) => {
  const dryRun = input.flag('dryRun');
  const engine = await context.engine();
  const result = await engine.call('iii::group::resume', {
    queue: input.argument('queue'),
    group: input.argument('group'),
    ...(dryRun ? { dryRun } : {}),
  });
  const name = `Group ${result.group} of ${result.queue}`;
  const sentence = !result.changed
    ? `${name} is not parked.`
    : dryRun
      ? `${name} would go on.`
      : `${name} goes on.`;
  await context.output.done(dryRun ? { ...result, dryRun } : result, sentence, result.id);
  return 0;
};
