import { shellWord } from '../../base/shell-word.ts';
import { IiiError } from '../../base/errors.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { enqueueLines, refuseForMany } from '../enqueue/batch.ts';
import { readTarget, type Target } from '../enqueue/options.ts';
import { explainRejection } from '../enqueue/reject.ts';
import { type EndedJob, waitForEnd } from '../enqueue/wait.ts';
import { countOf } from '../../base/count.ts';
import { readPayload } from '../payload.ts';
import { usageError } from '../usage.ts';

export const run: RunCommand = async (context, input) => {
  const target = readTarget(context, input);
  const wait = input.flag('wait');
  const dryRun = input.flag('dryRun');
  const file = input.text('ndjson');
  const failFast = input.flag('failFast');
  if (file !== undefined) {
    refuseForMany([
      input.text('data') !== undefined && '--data',
      input.text('file') !== undefined && '--file',
      input.text('dedupKey') !== undefined && '--dedup-key',
      wait && '--wait',
    ]);
    return enqueueLines(context, target, { file, failFast, dryRun });
  }
  if (failFast)
    throw usageError(
      '--fail-fast is for --ndjson',
      'leave it out',
      'one job has no others behind it',
    );
  const payload = await readPayload(context, input);
  if (dryRun) await plan(context, target);
  else await enqueueOne(context, target, payload, wait);
  return 0;
};

async function plan(context: Context, target: Target): Promise<void> {
  const { queue, functionId } = target;
  const engine = await context.engine();
  await engine.call('iii::queue::get', { queue });
  await context.output.done(
    { queue, functionId, dryRun: true },
    `One job would be enqueued in ${queue} for ${functionId}.`,
    queue,
  );
}

async function enqueueOne(
  context: Context,
  target: Target,
  payload: string,
  wait: boolean,
): Promise<void> {
  const { queue, functionId, action } = target;
  const engine = await context.engine();
  let id: string;
  try {
    context.afterInterrupt = 'the job may have been accepted; see iii job list';
    id = await engine.enqueue(functionId, payload, action);
  } catch (thrown) {
    throw await explainRejection(engine, queue, thrown);
  }
  const receipt = { messageReceiptId: id, queue, functionId };
  if (!wait) {
    await context.output.done(receipt, `${id} enqueued in ${queue} for ${functionId}.`, id);
    return;
  }
  await context.output.note(`${id} enqueued in ${queue}.`);
  const job = await waitForEnd(context, id);
  const { state, attempts, reason } = job;
  const error = job.history.at(-1)?.error ?? null;
  await context.output.done(
    { ...receipt, state, attempts, reason, error },
    attempts === null ? `${id} ${state}.` : `${id} ${state} after ${countOf(attempts, 'attempt')}.`,
    id,
  );
  if (state !== 'completed') throw ended(job, queue);
}

function ended(job: EndedJob, queue: string): IiiError {
  const error = job.history.at(-1)?.error;
  return new IiiError('JOB_FAILED', `job ${job.id} is ${job.state}`, {
    reason: error ? `${error.code}: ${error.message}` : (job.reason ?? undefined),
    hint:
      job.state === 'dead'
        ? `iii dlq show ${job.id}, then iii dlq redrive ${shellWord(queue)} --id ${job.id}`
        : `iii job show ${job.id}`,
    details: { id: job.id, queue, state: job.state, reason: job.reason },
  });
}
