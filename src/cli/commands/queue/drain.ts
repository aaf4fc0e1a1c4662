import { shellWord } from '../../../base/shell-word.ts';
import type { RunCommand } from '../../command.ts';
import { countOf } from '../../../base/count.ts';
import { deadlineOf, pause, tooLate } from '../../wait.ts';

const INTERVAL_MS = 500;

/** Waits until nothing of a queue waits or runs any more, or `--timeout` is over; dead jobs stay. */
export const run: RunCommand = async (context, input) => {
  const queue = input.argument('queue');
  const engine = await context.engine();
  const deadline = deadlineOf(context);
  const progress = context.output.progress(`draining ${queue}`);
  context.afterInterrupt = 'the queue goes on as before';
  try {
    for (;;) {
      const now = await engine.call('iii::queue::get', { queue });
      const left = now.waiting + now.delayed + now.inFlight;
      if (left === 0 || input.flag('dryRun')) {
        progress.stop();
        const facts = { queue, waiting: now.waiting, delayed: now.delayed, inFlight: now.inFlight };
        const sentence =
          left === 0 ? `${queue} is empty.` : `${queue} has ${countOf(left, 'job')} to go.`;
        const value = { ...facts, dead: now.dead, drained: left === 0 };
        await context.output.done(
          input.flag('dryRun') ? { ...value, dryRun: true } : value,
          sentence,
          queue,
        );
        return 0;
      }
      if (context.clock.now() >= deadline) {
        const reason = `${countOf(left, 'job')} of it wait or run, and go on`;
        throw tooLate(
          `queue ${queue}`,
          context.settings.timeoutMs,
          reason,
          `iii queue show ${shellWord(queue)}`,
        );
      }
      progress.update(`draining ${queue}: ${countOf(left, 'job')} to go`);
      await pause(context.clock, INTERVAL_MS, context.signal);
    }
  } finally {
    progress.stop();
  }
};
