import type { RunCommand } from '../../command.ts';
import { showJob } from '../../showing.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  await showJob(context, await engine.call('iii::job::get', { id: input.argument('id') }));
  return 0;
};
