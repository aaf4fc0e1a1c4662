import type { RunCommand } from '../command.ts';
import { completionScript, SHELLS } from '../completion/scripts.ts';

export const run: RunCommand = async (context, input) => {
  const shell = SHELLS.find((candidate) => candidate === input.argument('shell')) ?? 'bash';
  await context.output.text(completionScript(shell));
  return 0;
};
