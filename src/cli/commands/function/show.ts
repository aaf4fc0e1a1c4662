import type { RunCommand } from '../../command.ts';
import { functionRecord } from '../../views/function.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const detail = await engine.call('iii::function::get', { functionId: input.argument('id') });
  await context.output.record(detail, functionRecord);
  return 0;
};
