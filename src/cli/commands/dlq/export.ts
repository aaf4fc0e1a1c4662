import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IiiError, messageOf } from '../../../base/errors.ts';
import { readDeadSelector } from '../../bulk/selector.ts';
import type { RunCommand } from '../../command.ts';
import { endLine, headerLine, jobLine, JobsDigest } from '../../dlq-file/format.ts';
import { countOf } from '../../../base/count.ts';

/** Jobs asked for at once: payloads may have a megabyte each. */
const PAGE = 50;

export const run: RunCommand = async (context, input) => {
  const queue = input.argument('queue');
  const file = input.text('file') ?? '-';
  const selector = await readDeadSelector(context, input);
  const limit = input.count('limit', 1) ?? Infinity;
  const engine = await context.engine();
  const progress = context.output.progress('exporting dead jobs');
  let target: Target | null = null;
  const write = async (line: string): Promise<void> => {
    if (target === null) await context.output.text(line);
    else await target.appendFile(`${line}\n`);
  };
  const digest = new JobsDigest();
  try {
    // counted first, so that a reader knows what is coming; the last line has what came
    const counting = { action: 'redrive', queue, ...selector } as const;
    const { total, skipped } = await engine.call('iii::bulk::plan', counting);
    const known = skipped.reduce((sum, { jobs }) => sum + jobs, total);
    if (file !== '-') target = await openTarget(resolve(context.io.cwd, file));
    const exportedAt = new Date(context.clock.now()).toISOString();
    await write(headerLine(queue, Math.min(known, limit), exportedAt));
    let cursor: string | null = null;
    do {
      const page: { limit: number; cursor?: string } = {
        limit: Math.min(PAGE, limit - digest.count),
      };
      if (cursor !== null) page.cursor = cursor;
      const { jobs, nextCursor } = await engine.call('iii::dlq::export', {
        queue,
        ...selector,
        ...page,
      });
      const lines = jobs.map(jobLine);
      for (const line of lines) digest.add(line);
      if (lines.length > 0) await write(lines.join('\n'));
      progress.update(`${countOf(digest.count, 'dead job')} exported`);
      cursor = nextCursor;
    } while (cursor !== null && digest.count < limit);
    await write(endLine(digest));
    await target?.sync();
  } finally {
    progress.stop();
    await target?.close();
  }
  await context.output.note(`${countOf(digest.count, 'dead job')} of ${queue} exported.`);
  return 0;
};

type Target = Awaited<ReturnType<typeof openTarget>>;

async function openTarget(path: string) {
  try {
    return await open(path, 'w', 0o600);
  } catch (thrown) {
    throw new IiiError('OUTPUT_FAILED', `${path} cannot be written`, {
      reason: messageOf(thrown),
      hint: 'name a file in a folder that is there and can be written',
    });
  }
}
