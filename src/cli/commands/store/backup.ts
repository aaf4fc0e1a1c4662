import { resolve } from 'node:path';
import type { RunCommand } from '../../command.ts';
import { countOf } from '../../output/words.ts';

export const run: RunCommand = async (context, input) => {
  const { output, io } = context;
  const { backUpStore } = await import('../../../stores/file/backup.ts');
  const [from, to] = ['folder', 'to'].map((name) => resolve(io.cwd, input.argument(name)));
  const progress = output.progress('copying');
  const report = await backUpStore(from ?? '', to ?? '').finally(() => progress.stop());
  let jobs = 0;
  for (const count of Object.values(report.states)) jobs += count;
  const values = report.state === null ? '' : ` and ${countOf(report.state.values, 'value')}`;
  await output.done(
    report,
    `Copied ${countOf(jobs, 'job')}${values} to ${report.folder}. Start an engine on it with iii serve --store ${report.folder}.`,
    report.folder,
  );
  return 0;
};
