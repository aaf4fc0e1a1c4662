import type { RunCommand } from '../../command.ts';
import { knownContext } from '../../contexts/change-contexts.ts';
import { readContexts } from '../../contexts/contexts-file.ts';
import { contextRecord, targetRecord, viewContext } from '../../views/context.ts';

export const run: RunCommand = async ({ io, output, settings }, input) => {
  const name = input.optionalArgument('name');
  if (name === undefined) {
    const { url, context, origin, token } = settings.target();
    await output.record({ url, context, origin, token: token() !== null }, targetRecord);
    return 0;
  }
  const contexts = await readContexts(io);
  await output.record(viewContext(knownContext(contexts, name), contexts.current), contextRecord);
  return 0;
};
