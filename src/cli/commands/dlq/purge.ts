import { runBulk } from '../../bulk/run-bulk.ts';
import type { RunCommand } from '../../command.ts';
import { CommandInput } from '../../input.ts';

/** Discards every dead job of a queue: `discard --all` by a name that says so. */
export const run: RunCommand = (context, input) =>
  runBulk(context, CommandInput.with(input, { all: input.text('plan') === undefined }), {
    action: 'discard',
    queue: input.argument('queue'),
    ids: [],
    noun: 'dead job',
    verb: 'Discard',
    done: 'discarded',
    isDestructive: true,
  });
