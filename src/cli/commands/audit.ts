import type { RunCommand } from '../command.ts';
import { showList } from '../show-list.ts';
import { auditList } from '../views/task.ts';

const DEFAULT_LIMIT = 50;

export const run: RunCommand = async (context, input) => {
  const limit = input.count('limit', 1) ?? DEFAULT_LIMIT;
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { entries } = await engine.call('iii::audit::list', { limit });
    return { rows: entries, view: auditList };
  });
};
