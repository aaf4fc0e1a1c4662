import type { RunCommand } from '../../command.ts';
import { queueList } from '../../views/queue.ts';
import { pause } from '../../wait.ts';

const INTERVAL_MS = 1_000;
/** Cursor home, then erase to the end of the screen. */
const REDRAW = '\u001b[H\u001b[J';

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const engine = await context.engine();
  const print = async (): Promise<void> => {
    const { queues } = await engine.call('iii::queue::list', {});
    if (input.flag('watch') && output.forPeople && context.io.stdout.isTerminal) {
      const table = await output.table(queues, queueList.columns);
      await output.text(`${REDRAW}${table}`);
    } else await output.list(queues, queueList);
  };
  await print();
  while (input.flag('watch')) {
    await pause(context.clock, INTERVAL_MS, context.signal);
    await print();
  }
  return 0;
};
