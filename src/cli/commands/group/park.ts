import type { RunCommand } from '../../command.ts';
import { contradiction } from '../../usage.ts';

/** Lets a group wait until a time, or until somebody resumes it. */
export const run: RunCommand = async (context, input) => {
  const now = context.clock.now();
  const forMs = input.duration('for');
  const time = input.timeToCome('until', now);
  if (forMs !== undefined && time !== undefined) {
    throw contradiction('--until and --for');
  }
  const until = forMs === undefined ? time : now + forMs;
  const dryRun = input.flag('dryRun');
  const engine = await context.engine();
  const result = await engine.call('iii::group::park', {
    queue: input.argument('queue'),
    group: input.argument('group'),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(dryRun ? { dryRun } : {}),
  });
  const end = result.until === null ? 'until it is resumed' : `until ${result.until}`;
  const sentence = `Group ${result.group} of ${result.queue} ${dryRun ? 'would wait' : 'waits'} ${end}.`;
  await context.output.done(dryRun ? { ...result, dryRun } : result, sentence, result.id);
  return 0;
};
