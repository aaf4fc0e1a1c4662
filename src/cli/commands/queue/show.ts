import type { RunCommand } from '../../command.ts';
import { queueRecord } from '../../views/queue.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const queue = await engine.call('iii::queue::get', { queue: input.argument('queue') });
  await context.output.record(queue, queueRecord);
  return 0;
};
