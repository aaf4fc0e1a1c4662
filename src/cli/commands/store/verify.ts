import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';
import { storeRecord } from '../../views/store.ts';
import { storeFolder } from './store-folder.ts';

const DAMAGED = 1;

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const { inspectStore } = await import('../../../stores/file/inspect.ts');
  const progress = output.progress('reading every record');
  const report = await inspectStore(storeFolder(context, input)).finally(() => progress.stop());
  await output.record(report, storeRecord);
  if (report.damages.length === 0) {
    await output.note('Every record is as it was written.');
    return 0;
  }
  await output.note(
    `${countOf(report.damages.length, 'record')} damaged. iii serve --repair puts them aside and goes on with the rest.`,
  );
  return DAMAGED;
};
