import type { RunCommand } from '../../command.ts';
import { storeRecord } from '../../views/store.ts';
import { storeFolder } from './store-folder.ts';

export const run: RunCommand = async (context, input) => {
  const { inspectStore } = await import('../../../stores/file/inspect.ts');
  await context.output.record(await inspectStore(storeFolder(context, input)), storeRecord);
  return 0;
};
