import type { RunCommand } from '../../command.ts';
import { changeContexts, knownContext } from '../../contexts/change-contexts.ts';
import { readContexts, writeContexts } from '../../contexts/contexts-file.ts';
import { usageError } from '../../usage.ts';

export const run: RunCommand = async (context, input) => {
  const { io, output } = context;
  const name = input.optionalArgument('name');
  const contexts = await readContexts(io);
  if ((name === undefined) === !input.flag('none')) {
    throw usageError(
      "'context use' needs a name, or --none",
      'iii context use <name>; see iii context list',
      name === undefined ? 'neither is given' : 'both are given',
    );
  }
  if (name === undefined) {
    const dryRun = input.flag('dryRun');
    if (!dryRun) await writeContexts(io, { ...contexts, current: null });
    await output.done(
      { current: null, ...(dryRun ? { dryRun } : {}) },
      dryRun ? 'No context would be in use.' : 'No context is in use.',
      '',
    );
    return 0;
  }
  const about = knownContext(contexts, name);
  await changeContexts(context, input, {
    about,
    after: { ...contexts, current: name },
    sentence: `Commands talk to ${name} (${about.url}) now.`,
    dryRun: `Commands would talk to ${name} (${about.url}).`,
  });
  return 0;
};
