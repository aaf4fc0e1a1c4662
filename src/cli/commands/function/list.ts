import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { functionList } from '../../views/connected.ts';

export const run: RunCommand = async (context, input) => {
  const includeInternal = input.flag('internal');
  const engine = await context.engine();
  return showList(context, input, async () => {
    const { functions } = await engine.call('iii::function::list', { includeInternal });
    return { rows: functions, view: functionList };
  });
};
