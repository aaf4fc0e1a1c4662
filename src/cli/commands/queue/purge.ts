import { runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import { CommandInput } from '../../input.ts';

/** Discards what waits in a queue; jobs in flight finish, dead ones stay. */
export const run: RunCommand = (context, input) =>
  runBulk(context, CommandInput.with(input, { all: input.text('plan') === undefined }), {
    action: 'cancel',
    queue: input.argument('queue'),
    ids: [],
    noun: 'job',
    verb: 'Discard',
    done: 'discarded',
    isDestructive: true,
  });
