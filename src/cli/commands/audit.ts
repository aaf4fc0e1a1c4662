import type { RunCommand } from '../command.ts';
import { auditList } from '../views/task.ts';

const DEFAULT_LIMIT = 50;

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const limit = input.count('limit', 1) ?? DEFAULT_LIMIT;
  const { entries } = await engine.call('iii::audit::list', { limit });
  await context.output.list(entries, auditList);
  return 0;
};
