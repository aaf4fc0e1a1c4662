import { silentLogger } from '../../../base/logger.ts';
import { systemRandom } from '../../../base/random.ts';
import type { Config } from '../../../config/config.ts';
import type { RunCommand } from '../../command.ts';
import { readConfig } from '../../config-source.ts';
import type { Context } from '../../context.ts';
import { countOf } from '../../../base/count.ts';
import { usageError } from '../../usage.ts';
import { migrateRecord } from '../../views/migrate.ts';

/** Everything was moved that could be, and yet the source is not empty. */
const PARTLY_DONE = 3;

export const run: RunCommand = async (context, input) => {
  const { output, io } = context;
  const dryRun = input.flag('dryRun');
  const options = { dryRun, allowLoss: input.flag('allowLoss') };
  const { migrate } = await import('../../../stores/migrate.ts');
  const [source, target] = [
    await loadConfig(context, input.text('from'), 'from'),
    await loadConfig(context, input.text('to'), 'to'),
  ];
  const parts = { clock: io.clock, random: systemRandom, log: silentLogger };
  const progress = output.progress(dryRun ? 'counting' : 'moving jobs');
  const report = await migrate(placesOf(source), placesOf(target), parts, options).finally(() => {
    progress.stop();
  });
  await output.record(report, migrateRecord);
  const what = [
    countOf(report.jobs, 'job'),
    countOf(report.subscriptions, 'subscription'),
    countOf(report.values, 'value'),
  ].join(', ');
  await output.note(
    dryRun
      ? `${what} would be moved. Nothing was changed.`
      : `${what} moved, and each read back the same. Nothing is left of them in the source.`,
  );
  if (dryRun && report.losses.length > 0 && !options.allowLoss) {
    await output.note(
      'The target cannot keep all of it: without --allow-loss nothing will be moved.',
    );
  }
  if (report.isEstimate) {
    const untold = `${countOf(report.untold, 'job')} with long delays may be of any queue`;
    await output.note(
      `RabbitMQ does not show jobs without handing them out, so only the lengths of its queues were looked at: delayed jobs count as waiting, notes of engines and what is no job count too, and ${untold}.`,
    );
  }
  const staying = report.left.reduce((sum, { messages }) => sum + messages, 0);
  if (staying > 0) {
    await output.note(`${countOf(staying, 'message')} stayed in the source: no job of its queues.`);
  }
  if (report.valuesStay) {
    await output.note('Values stay where they are: both keep them in one place, or one in memory.');
  }
  return report.left.length === 0 ? 0 : PARTLY_DONE;
};

function placesOf({ store, state, queues }: Config) {
  return { jobs: store, users: state.store, policies: queues };
}

/** A configuration without mistakes. @throws IiiError USAGE, CONFIG_INVALID */
async function loadConfig(
  context: Context,
  file: string | undefined,
  option: string,
): Promise<Config> {
  if (file === undefined) {
    throw usageError(
      `--${option} is missing`,
      'name a configuration file: --from a.yaml --to b.yaml',
      'a store is found by the file that configures it',
    );
  }
  const loaded = await readConfig(context.io, file);
  const { configErrors, formatProblem } = await import('../../../config/problem.ts');
  for (const problem of loaded.problems) await context.output.problem(formatProblem(problem));
  if (loaded.config === null) throw configErrors(loaded);
  if (loaded.config.store.kind === 'memory') {
    throw usageError(
      `${file} keeps its jobs in memory`,
      'name a file whose store keeps jobs: store: file, redis or rabbitmq',
      'what is in memory goes with its engine: there is nothing to move from or to',
    );
  }
  return loaded.config;
}
