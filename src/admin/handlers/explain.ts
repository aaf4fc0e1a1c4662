import { countOf } from '../../base/count.ts';
import type { Engine } from '../../engine/engine.ts';
import { shellWord } from '../../base/shell-word.ts';
import { UNTIL_RESUMED } from '../../engine/parked-groups.ts';
import type { Job } from '../../queue/types.ts';
import type { JobExplanation } from '../contract.ts';
import type { WaitReason } from '../explanation-contract.ts';
import { findOlderInGroup } from './group-scan.ts';
import { jobSummary, timeText } from './views.ts';

type Say = (
  kind: WaitReason['kind'],
  text: string,
  change: string,
  facts?: Partial<WaitReason>,
) => void;

/**
 * Why a job is where it is, and what would change it. The reasons are in the order in which they
 * have to go away: the first is what to look at. A job that nothing holds back gets one reason too.
 */
export async function explainJob(engine: Engine, job: Job): Promise<JobExplanation> {
  const reasons: WaitReason[] = [];
  const say: Say = (kind, text, change, facts = {}) => {
    reasons.push({ kind, text, change, ...facts });
  };
  switch (job.state) {
    case 'waiting':
      await explainWaiting(engine, job, say);
      if (reasons.length === 0) explainTurn(job, say);
      break;
    case 'delayed':
      await explainDelayed(engine, job, say);
      break;
    case 'in_flight':
      explainRunning(engine, job, say);
      break;
    case 'dead':
      explainDead(job, say);
      break;
    case 'completed':
      say('completed', `it completed at ${timeText(job.endedAt) ?? 'a time not known'}`, 'nothing');
      break;
    case 'discarded':
      say(
        'discarded',
        `it was discarded at ${timeText(job.endedAt) ?? 'a time not known'}`,
        'enqueue it again',
      );
  }
  return { job: jobSummary(job, engine), kind: reasons[0]?.kind ?? 'next', reasons };
}

async function explainWaiting(engine: Engine, job: Job, say: Say): Promise<void> {
  const { queue, functionId } = job;
  const stats = (await engine.store.stats()).get(queue);
  if (stats?.paused === true) explainPaused(engine, queue, say);
  const dispatcher = engine.queues.dispatcherOf(queue);
  if (dispatcher === undefined) {
    say(
      'not_run_here',
      `this engine does not run queue '${queue}': its configuration has no such queue`,
      `add '${queue}' under queue_configs, or connect the subscriber it belongs to`,
    );
    return;
  }
  const older = await findOlderInGroup(engine, job);
  if (older !== undefined) {
    say(
      'behind',
      `it is behind job ${older.id} of its group ${job.group ?? ''}, which is ${older.state.replace('_', ' ')}`,
      `iii job explain ${older.id}`,
      { jobId: older.id },
    );
    return;
  }
  explainFunction(engine, functionId, say);
  if (dispatcher.inFlight >= dispatcher.limit) {
    const isFifo = engine.queues.policyOf(queue)?.type === 'fifo';
    say(
      'concurrency',
      `${dispatcher.inFlight} of at most ${countOf(dispatcher.limit, 'job')} of queue '${queue}' ${dispatcher.inFlight === 1 ? 'is' : 'are'} in flight at this engine`,
      `wait until one ends (iii job list ${shellWord(queue)} --state in_flight), or raise the queue's ${isFifo ? 'group_concurrency' : 'concurrency'}`,
    );
  }
  const until = dispatcher.rateLimitedUntil();
  if (until !== null) {
    say(
      'rate_limited',
      `the rate limit of queue '${queue}' lets the next job start at ${timeText(until)}`,
      `wait, or raise the queue's rate_limit`,
      { until: timeText(until) },
    );
  }
}

function explainPaused(engine: Engine, queue: string, say: Say): void {
  const until = timeText(engine.timedPauses.endOf(queue));
  const resume = `iii queue resume ${shellWord(queue)}`;
  if (until === null) {
    say('paused', `queue '${queue}' is paused`, resume);
    return;
  }
  say(
    'paused',
    `queue '${queue}' is paused until ${until}, and then goes on by itself`,
    `wait, or let it go on now: ${resume}`,
    { until },
  );
}

/** One sentence for a job that only waits for its turn. */
function explainTurn(job: Job, say: Say): void {
  say(
    'next',
    `nothing holds it back: it runs as soon as the jobs of queue '${job.queue}' that come before it have started`,
    'wait; more workers or a higher concurrency make the queue faster',
  );
}

function explainFunction(engine: Engine, functionId: string, say: Say): void {
  const listing = engine.functions.get(functionId);
  if (listing === undefined) {
    say(
      'no_worker',
      `no connected worker offers function ${functionId}`,
      `start a worker that registers ${functionId}; iii worker list shows who is connected`,
    );
    return;
  }
  if (engine.functions.has(functionId)) return;
  const busy = listing.workers.map((worker) => `${worker.profile.name} (${worker.inFlight})`);
  say(
    'workers_busy',
    `every worker that offers ${functionId} is at its own limit: ${busy.join(', ')} in flight`,
    'start another worker, or raise the concurrency of these',
  );
}

async function explainDelayed(engine: Engine, job: Job, say: Say): Promise<void> {
  const parking = await engine.parkedGroups.of(job);
  if (parking !== null && job.group !== null) {
    const { by, at, until } = parking;
    const isOpenEnded = until === UNTIL_RESUMED;
    const end = isOpenEnded ? 'until it is resumed' : `until ${timeText(until)}`;
    const facts = isOpenEnded ? {} : { until: timeText(until) };
    const change = `iii group resume ${shellWord(job.queue)} ${groupWord(job.group)}`;
    say('parked', `its group was parked by ${by} at ${timeText(at)} ${end}`, change, facts);
    return;
  }
  const last = job.history.at(-1);
  const due = timeText(job.dueAt);
  const why =
    last === undefined || last.error === null
      ? `it is delayed and due at ${due}`
      : `attempt ${last.attempt} failed (${last.error.code}: ${last.error.message}); the next is due at ${due}`;
  say('delayed', why, `wait, or run it now: iii job retry ${job.id}`, { until: due });
}

function explainRunning(engine: Engine, job: Job, say: Say): void {
  const runner = engine.queues.dispatcherOf(job.queue)?.runnerOf(job.id) ?? null;
  const since = timeText(job.leasedAt) ?? 'a time not known';
  say(
    'in_flight',
    runner === null
      ? `it is in flight since ${since}, and not at a worker of this engine`
      : `it is in flight at ${runner} since ${since}`,
    'wait for its answer, or stop that worker: the attempt is given back and does not count',
    runner === null ? {} : { worker: runner },
  );
}

function explainDead(job: Job, say: Say): void {
  const { failure } = job;
  const error = failure === null ? '' : `: ${failure.error.code}: ${failure.error.message}`;
  const reasonText = {
    exhausted: `it failed ${countOf(job.attempts, 'time')}, its last attempt included`,
    non_retryable: 'its last attempt failed with an error that is not to be retried',
    interrupted: `it was interrupted ${countOf(job.interruptions, 'time')}: its workers or the engine went away`,
    expired: 'its time to live ended before it was started',
    skipped: 'an operator let its group go on without it',
  }[failure?.reason ?? 'exhausted'];
  say(
    'dead',
    `it is dead since ${timeText(failure?.failedAt ?? null) ?? 'a time not known'}, because ${reasonText}${error}`,
    `mend the cause, then iii dlq redrive ${shellWord(job.queue)} --id ${job.id}`,
  );
}

/** A group as it is typed into a shell: a plain text without its quotes. */
function groupWord(group: string): string {
  const plain = /^"([A-Za-z][\w.:@-]*)"$/.exec(group)?.[1];
  const isPlain = plain !== undefined && !['true', 'false', 'null'].includes(plain);
  return isPlain ? plain : `'${group.replaceAll("'", `'\\''`)}'`;
}
