import type { RunCommand } from '../../command.ts';
import { showList } from '../../show-list.ts';
import { triggerTypeList, type TriggerTypeRow } from '../../views/topic.ts';

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const { timeoutMs } = context.settings;
  return showList(context, input, async () => {
    const text = await engine.invoke('engine::trigger-types::list', '{}', { timeoutMs });
    const { trigger_types } = JSON.parse(text) as { trigger_types: TriggerTypeRow[] };
    return { rows: trigger_types, view: triggerTypeList };
  });
};
