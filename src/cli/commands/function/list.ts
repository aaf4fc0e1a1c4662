import type { RunCommand } from '../../command.ts';
import { functionList } from '../../views/connected.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const { functions } = await engine.call('iii::function::list', {
    includeInternal: input.flag('internal'),
  });
  await context.output.list(functions, functionList);
  return 0;
};
