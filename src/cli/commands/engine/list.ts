import type { RunCommand } from '../../command.ts';
import { engineList } from '../../views/engine.ts';

export const run: RunCommand = async (context) => {
  const engine = await context.engine();
  const { engines } = await engine.call('iii::engine::list', {});
  await context.output.list(engines, engineList);
  return 0;
};
