import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const dryRun = input.flag('dryRun');
  const result = await engine.call('iii::topic::unsubscribe', {
    topic: input.argument('topic'),
    functionId: input.argument('function'),
    dryRun,
  });
  const { topic, functionId, jobsLeft } = result;
  const verb = dryRun ? 'would be' : 'is';
  await context.output.done(
    dryRun ? { ...result, dryRun } : result,
    `${functionId} ${verb} unsubscribed from ${topic}; ${countOf(jobsLeft, 'job')} of it stay.`,
    topic,
  );
  return 0;
};
