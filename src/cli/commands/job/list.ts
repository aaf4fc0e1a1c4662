import { readSelector } from '../../bulk/selector.ts';
import type { RunCommand } from '../../command.ts';
import { printPages } from '../../pages.ts';
import { jobList } from '../../views/job.ts';

export const run: RunCommand = async (context, input) => {
  const queue = input.optionalArgument('queue');
  const functionId = input.text('function');
  const filter = {
    ...(queue === undefined ? {} : { queue }),
    ...(functionId === undefined ? {} : { functionId }),
    ...(await readSelector(context, input)),
  };
  return printPages(context, input, jobList(queue), async (page) => {
    const engine = await context.engine();
    const { jobs, ...rest } = await engine.call('iii::job::list', { ...filter, ...page });
    return { rows: jobs, ...rest };
  });
};
