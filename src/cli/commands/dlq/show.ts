import { IiiError } from '../../../base/errors.ts';
import type { RunCommand } from '../../command.ts';
import { showJob } from '../../showing.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const job = await engine.call('iii::job::get', { id: input.argument('id') });
  if (job.state !== 'dead') {
    throw new IiiError('JOB_NOT_FOUND', `job ${job.id} is not dead`, {
      reason: `it is ${job.state} in queue ${job.queue}`,
      hint: `iii job show ${job.id}`,
      details: { id: job.id, state: job.state },
    });
  }
  await showJob(context, job);
  return 0;
};
