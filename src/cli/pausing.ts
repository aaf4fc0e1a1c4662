import type { Context } from './context.ts';
import type { CommandInput } from './input.ts';

/** Pauses or resumes the queue a command names; doing it twice is no failure. */
export async function setPaused(
  context: Context,
  input: CommandInput,
  paused: boolean,
): Promise<void> {
  const dryRun = input.flag('dryRun');
  const until = input.timeToCome('until', context.clock.now());
  const engine = await context.engine();
  const result = await engine.call(paused ? 'iii::queue::pause' : 'iii::queue::resume', {
    queue: input.argument('queue'),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    ...(dryRun ? { dryRun } : {}),
  });
  const end = 'until' in result ? ` until ${result.until}` : '';
  const state = paused ? `paused${end}` : 'active';
  const sentence = !result.changed
    ? `${result.queue} is already ${state}.`
    : dryRun
      ? `${result.queue} would be ${state}.`
      : `${result.queue} is ${state}.`;
  await context.output.done(dryRun ? { ...result, dryRun } : result, sentence, result.queue);
}
