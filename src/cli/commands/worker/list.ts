import type { RunCommand } from '../../command.ts';
import { workerList } from '../../views/connected.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { workers } = await engine.call('iii::worker::list', {});
  await context.output.list(workers, workerList);
  return 0;
};
