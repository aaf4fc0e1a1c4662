import { readPayload } from '../../payload.ts';
import type { RunCommand } from '../../command.ts';
import { usageError } from '../../usage.ts';

/** Gives a job that waits or is dead another payload; id, place and history stay. */
export const run: RunCommand = async (context, input) => {
  const id = input.argument('id');
  const isGiven = input.text('data') !== undefined || input.text('file') !== undefined;
  if (!isGiven && context.io.stdinKind !== 'piped') {
    throw usageError(
      "'job edit' needs a payload",
      `iii job edit ${id} --data '{"n":1}'`,
      'neither --data nor --file is given, and nothing is piped in',
    );
  }
  const payloadText = await readPayload(context, input);
  const engine = await context.engine();
  const dryRun = input.flag('dryRun');
  const result = await engine.call('iii::job::edit', {
    id,
    payloadText,
    ...(dryRun ? { dryRun } : {}),
  });
  const what = result.changed ? (dryRun ? 'would be changed' : 'is changed') : 'is as it was';
  await context.output.done(dryRun ? { ...result, dryRun } : result, `${id} ${what}.`, id);
  return 0;
};
