import type { RunCommand } from '../../command.ts';
import { triggerTypeList, type TriggerTypeRow } from '../../views/topic.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { timeoutMs } = context.settings;
  const text = await engine.invoke('engine::trigger-types::list', '{}', { timeoutMs });
  const { trigger_types } = JSON.parse(text) as { trigger_types: TriggerTypeRow[] };
  await context.output.list(trigger_types, triggerTypeList);
  return 0;
};
