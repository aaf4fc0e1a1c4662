import type { AdminClient } from '../../../admin/client.ts';
import type { ImportedJob } from '../../../admin/bulk-contract.ts';
import type { RunCommand } from '../../command.ts';
import { ask, canAsk, confirmationNeeded } from '../../confirm.ts';
import { readJobLine } from '../../dlq-file/format.ts';
import { readJobsFile, type JobsFile } from '../../dlq-file/read-file.ts';
import { countOf } from '../../../base/count.ts';
import { importList } from '../../views/import.ts';

/** Jobs and bytes sent at once. */
const BATCH_JOBS = 500;
const BATCH_BYTES = 4_000_000;

export const run: RunCommand = async (context, input) => {
  const { output } = context;
  const file = await readJobsFile(context, input.text('file') ?? '-');
  const queue = input.optionalArgument('queue');
  for (const difference of file.differences)
    await output.note(`${input.text('file') ?? 'standard input'}: ${difference}`);
  const engine = await context.engine();
  const progress = output.progress('importing dead jobs');
  const planned = await send(engine, file, queue, true).finally(() => progress.stop());
  let results = planned;
  const dryRun = input.flag('dryRun');
  const replaced = planned.filter(({ outcome }) => outcome === 'replaced');
  if (!dryRun) {
    if (replaced.length > 0 && !input.flag('yes')) {
      const question = {
        action: `Replace ${countOf(replaced.length, 'dead job')} that are there by those of the file`,
        sample: replaced.map(({ id, changes }) => `${id}: ${changes.join(', ')}`),
        total: replaced.length,
        word: queue ?? file.queue ?? 'all',
      };
      if (!canAsk(context)) throw confirmationNeeded(question);
      if (!(await ask(context, question))) {
        await output.note('Nothing was done.');
        return 0;
      }
    }
    context.afterInterrupt =
      'a part of the jobs may be imported; doing it again does nothing twice';
    results = await send(engine, file, queue, false);
  }
  const count = (wanted: ImportedJob['outcome']): number =>
    results.filter(({ outcome }) => outcome === wanted).length;
  const counts = {
    queue: queue ?? file.queue,
    added: count('added'),
    replaced: count('replaced'),
    unchanged: count('unchanged'),
    refused: count('refused'),
  };
  const telling = results.filter(
    ({ outcome }) => outcome === 'refused' || (dryRun && outcome !== 'unchanged'),
  );
  if (output.forPeople) {
    if (telling.length > 0) await output.list(telling, importList);
    const would = dryRun ? 'would be ' : '';
    await output.text(
      `${countOf(counts.added, 'job')} ${would}added, ${counts.replaced} ${would}replaced, ${counts.unchanged} as they were, ${counts.refused} refused.`,
    );
  } else {
    const machine = { ...counts, edited: file.differences.length > 0, jobs: telling };
    await output.done(dryRun ? { ...machine, dryRun } : machine, '', counts.queue ?? '');
  }
  return counts.refused > 0 ? 3 : 0;
};

/** Sends a file in batches; answers what became of each job. */
async function send(
  engine: AdminClient,
  { lines }: JobsFile,
  queue: string | undefined,
  dryRun: boolean,
): Promise<ImportedJob[]> {
  const results: ImportedJob[] = [];
  let at = 0;
  while (at < lines.length) {
    let bytes = 0;
    const batch: string[] = [];
    for (let next = lines[at]; next !== undefined && batch.length < BATCH_JOBS; next = lines[at]) {
      if (batch.length > 0 && bytes + next.text.length > BATCH_BYTES) break;
      batch.push(next.text);
      bytes += next.text.length;
      at++;
    }
    const { jobs } = await engine.call('iii::dlq::import', {
      ...(queue === undefined ? {} : { queue }),
      jobs: batch.map(readJobLine),
      dryRun,
    });
    results.push(...jobs);
  }
  return results;
}
