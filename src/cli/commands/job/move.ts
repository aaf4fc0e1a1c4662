import { jobsOf } from '../../bulk/jobs-of.ts';
import { runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';

/** Moves jobs to another queue; they keep their place in the order of acceptance. */
export const run: RunCommand = (context, input) => {
  input.required('to', '<ids...> --to <queue>');
  return runBulk(context, input, {
    action: 'move',
    ...jobsOf(input),
    noun: 'job',
    verb: 'Move',
    done: 'moved',
    isDestructive: false,
  });
};
