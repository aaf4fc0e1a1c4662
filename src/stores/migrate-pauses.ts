import type { Clock } from '../base/clock.ts';
import type { JobSource } from './job-source.ts';
import type { JobTarget } from './job-target.ts';
import type { Move } from './migrate-values.ts';

/** When pauses end by themselves, by queue, as the engine keeps it. */
const ENDS = 'iii::pauses';

export interface MigratePausesParts {
  readonly jobs: { readonly from: JobSource; readonly to: JobTarget };
  readonly engine: Move;
  readonly clock: Clock;
}

/**
 * Pauses the queues of the target that are paused in the source, with the times at which they go on by
 * themselves; of a queue that is paused in both, the later end holds. Called before any job moves, so
 * that none runs on the way. The source stays paused.
 */
export async function migratePauses({ jobs, engine, clock }: MigratePausesParts): Promise<void> {
  const ends = await engine.from.list(ENDS);
  for (const [queue, { paused }] of await jobs.from.stats()) {
    const end = ends.get(queue);
    // it may be over, and no engine was there to see that
    if (!paused || (end !== undefined && Number(end) <= clock.now())) continue;
    const wasPaused = await jobs.to.isPaused(queue);
    // first the end: a run that was killed in between does not leave a pause without one
    await engine.to.update(ENDS, queue, (there) => {
      if (!wasPaused) return end;
      if (end === undefined || there === undefined) return undefined;
      return Number(there) > Number(end) ? there : end;
    });
    await jobs.to.pause(queue);
  }
}
