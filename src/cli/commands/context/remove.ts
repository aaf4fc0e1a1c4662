import type { RunCommand } from '../../command.ts';
import { changeContexts, knownContext } from '../../contexts/change-contexts.ts';
import { readContexts } from '../../contexts/contexts-file.ts';

export const run: RunCommand = async (context, input) => {
  const contexts = await readContexts(context.io);
  const about = knownContext(contexts, input.argument('name'));
  const { current, all } = contexts;
  const wasCurrent = current === about.name;
  await changeContexts(context, input, {
    about,
    after: {
      current: wasCurrent ? null : current,
      all: all.filter((one) => one !== about),
    },
    sentence: `${about.name} is removed${wasCurrent ? '; no context is in use' : ''}.`,
    dryRun: `${about.name} would be removed${wasCurrent ? '; no context would be in use' : ''}.`,
  });
  return 0;
};
