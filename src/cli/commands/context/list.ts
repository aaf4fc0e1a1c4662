import type { RunCommand } from '../../command.ts';
import { readContexts } from '../../contexts/contexts-file.ts';
import { contextList, viewContext } from '../../views/context.ts';

/** What is named by the environment goes before the context in use. */
const STRONGER = ['III_URL', 'III_CONTEXT'];

export const run: RunCommand = async ({ io, output }) => {
  const { current, all } = await readContexts(io);
  await output.list(
    all.map((context) => viewContext(context, current)),
    contextList,
  );
  const variable = STRONGER.find((name) => Boolean(io.env[name]));
  if (variable !== undefined) {
    await output.note(`${variable} is set and goes before the one in use; see iii context show`);
  }
  return 0;
};
