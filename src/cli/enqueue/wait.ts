import type { JobDetail } from '../../admin/contract.ts';
import { countOf } from '../../base/count.ts';
import { IiiError } from '../../base/errors.ts';
import type { Context } from '../context.ts';

/** Longest single question; the engine answers earlier when the job has ended. */
const TURN_MS = 60_000;
/** What the way there and back may take. */
const SLACK_MS = 10_000;

function hasEnded(job: JobDetail): boolean {
  return ['completed', 'dead', 'discarded'].includes(job.state);
}

/** How a job ended. Of one the engine no longer keeps only the state is known. */
export type EndedJob = Pick<JobDetail, 'id' | 'state' | 'reason' | 'history'> & {
  readonly attempts: number | null;
};

/** Waits until a job has ended; as long as it takes, unless a timeout was asked for. */
export async function waitForEnd(context: Context, id: string): Promise<EndedJob> {
  const { settings, clock, output } = context;
  const engine = await context.engine();
  context.afterInterrupt = `the job goes on in the engine; see iii job show ${id}`;
  const until = settings.timeoutGiven ? clock.now() + settings.timeoutMs : Number.POSITIVE_INFINITY;
  const progress = output.progress(`waiting for job ${id} to end`);
  try {
    for (;;) {
      const timeoutMs = Math.max(1, Math.min(TURN_MS, until - clock.now()));
      const job = await engine.call(
        'iii::job::wait',
        { id, timeoutMs },
        { timeoutMs: timeoutMs + SLACK_MS },
      );
      if (hasEnded(job)) return job;
      if (clock.now() >= until) throw notEnded(job, settings.timeoutMs);
      progress.update(
        `waiting for job ${id}: ${job.state}, ${job.attempts} of ${countOf(job.maxAttempts, 'attempt')}`,
      );
    }
  } catch (thrown) {
    const state = thrown instanceof IiiError ? thrown.details?.['ended'] : undefined;
    if (typeof state !== 'string') throw thrown;
    return { id, state, reason: null, history: [], attempts: null };
  } finally {
    progress.stop();
  }
}

function notEnded(job: JobDetail, timeoutMs: number): IiiError {
  return new IiiError('TIMEOUT', `job ${job.id} did not end within ${timeoutMs} ms`, {
    reason: `it is ${job.state} after ${job.attempts} of ${countOf(job.maxAttempts, 'attempt')}, and goes on`,
    hint: `iii job show ${job.id}`,
    details: { id: job.id, state: job.state },
  });
}
