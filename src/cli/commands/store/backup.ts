import { resolve } from 'node:path';
import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';

/** The copy is complete, and yet not all of it can be used. */
const PARTLY_DONE = 3;

export const run: RunCommand = async (context, input) => {
  const { output, io } = context;
  const dryRun = input.flag('dryRun');
  const { backUpStore, planBackUp } = await import('../../../stores/file/backup.ts');
  const [from = '', to = ''] = ['folder', 'to'].map((name) =>
    resolve(io.cwd, input.argument(name)),
  );
  const progress = output.progress(dryRun ? 'reading every record' : 'copying');
  const work = dryRun ? planBackUp(from, to) : backUpStore(from, to);
  const report = await work.finally(() => progress.stop());
  let jobs = 0;
  for (const count of Object.values(report.states)) jobs += count;
  const values = report.state === null ? '' : ` and ${countOf(report.state.values, 'value')}`;
  const what = `${countOf(jobs, 'job')}${values}`;
  if (dryRun) {
    const plan = { ...report, to, dryRun };
    await output.done(plan, `${what} would be copied to ${to}. Nothing was written.`, to);
    return 0;
  }
  const start = `Start an engine on it with iii serve --store ${report.folder}.`;
  await output.done(report, `Copied ${what} to ${report.folder}. ${start}`, report.folder);
  const damaged = report.damages.length;
  if (damaged === 0) return 0;
  await output.note(
    `${countOf(damaged, 'record')} of it damaged, as in ${from}. iii store verify ${report.folder} names them; iii serve --repair puts them aside and goes on with the rest.`,
  );
  return PARTLY_DONE;
};
