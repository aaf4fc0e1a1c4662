import { runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import { jobsOf } from '../../bulk/jobs-of.ts';

/** Lets jobs run now: dead ones, and those that wait for their next attempt. */
export const run: RunCommand = (context, input) =>
  runBulk(context, input, {
    action: 'retry',
    ...jobsOf(input),
    noun: 'job',
    verb: 'Retry',
    done: 'retried',
    isDestructive: false,
  });
