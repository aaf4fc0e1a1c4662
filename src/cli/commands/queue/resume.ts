import type { RunCommand } from '../../command.ts';
import { setPaused } from '../../pausing.ts';

export const run: RunCommand = async (context, input) => {
  await setPaused(context, input, false);
  return 0;
};
