import { shellWord } from '../../base/shell-word.ts';
import type { AdminClient } from '../../admin/client.ts';
import type { RunCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { withExactPayload } from '../showing.ts';
import { countOf } from '../../base/count.ts';
import { pause, tooLate } from '../wait.ts';

/** How often a queue is looked at. */
const INTERVAL_MS = 500;
const DEFAULT_WAIT_MS = 5 * 60_000;

export const run: RunCommand = async (context, input) => {
  const engine = await context.engine();
  const waitMs = context.settings.timeoutGiven ? context.settings.timeoutMs : DEFAULT_WAIT_MS;
  context.afterInterrupt = 'the engine goes on; only the waiting ended';
  const name = input.argument('name');
  return input.argument('noun') === 'job'
    ? waitForJob(context, engine, name, input.text('for') ?? 'completed', waitMs)
    : waitForQueue(context, engine, name, waitMs);
};

async function waitForJob(
  context: Context,
  engine: AdminClient,
  id: string,
  wanted: string,
  timeoutMs: number,
): Promise<number> {
  const job = await engine.call(
    'iii::job::wait',
    { id, timeoutMs },
    { timeoutMs: timeoutMs + context.settings.timeoutMs },
  );
  if (!['completed', 'dead', 'discarded'].includes(job.state))
    throw tooLate(
      `job ${id}`,
      timeoutMs,
      `it is ${job.state.replace('_', ' ')}`,
      `iii job explain ${id}`,
    );
  const machine = withExactPayload(job);
  await context.output.done(machine, `${job.id} is ${job.state}.`, job.id);
  return wanted === 'end' || wanted === job.state ? 0 : 1;
}

async function waitForQueue(
  context: Context,
  engine: AdminClient,
  queue: string,
  timeoutMs: number,
): Promise<number> {
  const deadline = context.clock.now() + timeoutMs;
  for (;;) {
    const { waiting, delayed, inFlight, dead } = await engine.call('iii::queue::get', { queue });
    const left = waiting + delayed + inFlight;
    if (left === 0) {
      const sentence = `${queue} has no job left to run; ${dead} are dead.`;
      await context.output.done({ queue, empty: true, dead }, sentence, queue);
      return 0;
    }
    if (context.clock.now() >= deadline) {
      const reason = `${countOf(left, 'job')} of it wait or run, and go on`;
      throw tooLate(`queue ${queue}`, timeoutMs, reason, `iii queue show ${shellWord(queue)}`);
    }
    await pause(context.clock, INTERVAL_MS, context.signal);
  }
}
