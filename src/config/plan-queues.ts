import { countOf } from '../base/count.ts';
import type { StoreGaps } from '../queue/store-gaps.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { ConfigChange } from './config-change.ts';
import { queueKey, queueValues } from './queue-settings.ts';

/** How many jobs a queue has, as far as a change of its settings touches them. */
export interface QueueJobs {
  /** Waiting or delayed. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
  /** Finished and still kept for looking up. */
  readonly retained: number;
}

type Verdict = Pick<ConfigChange, 'effect' | 'note' | 'jobs'>;

const NEXT_FAILURE = 'from the next attempt that fails';
const live = (note: string): Verdict => ({ effect: 'live', note, jobs: 0 });

/** What a change of a key means that no job loses anything by. */
const LIVE_NOTES: Readonly<Record<string, string>> = {
  max_retries: NEXT_FAILURE,
  concurrency: 'at once; what is in flight goes on',
  group_concurrency: 'at once; what is in flight goes on',
  backoff_ms: NEXT_FAILURE,
  max_backoff_ms: NEXT_FAILURE,
  jitter: NEXT_FAILURE,
  timeout_ms: 'from the next attempt',
  max_interruptions: 'from the next lost worker',
  ttl_ms: 'for jobs accepted from now on',
  rate_limit: 'from the next attempt; earlier ones count',
  poll_interval_ms: 'no store of this engine is polled',
};

/** The differences between the queues of an engine and those that are wanted. */
export function planQueues(
  running: readonly QueuePolicy[],
  wanted: readonly QueuePolicy[],
  jobsOf: (queue: string) => QueueJobs,
  gaps: StoreGaps,
): ConfigChange[] {
  const names = new Set([...running, ...wanted].map(({ name }) => name));
  return [...names].flatMap((name): ConfigChange[] => {
    const before = running.find((policy) => policy.name === name);
    const after = wanted.find((policy) => policy.name === name);
    const jobs = jobsOf(name);
    const whole = { key: queueKey(name), queue: name };
    if (after === undefined) {
      return [{ ...whole, from: before?.type ?? null, to: null, ...removed(jobs) }];
    }
    if (before === undefined) {
      return [{ ...whole, from: null, to: after.type, ...live('a new queue, at once') }];
    }
    return planQueue(before, after, jobs, gaps);
  });
}

function planQueue(
  before: QueuePolicy,
  after: QueuePolicy,
  jobs: QueueJobs,
  gaps: StoreGaps,
): ConfigChange[] {
  const { name: queue } = before;
  const [from, to] = [queueValues(before), queueValues(after)];
  return [...to].flatMap(([name, value]): ConfigChange[] => {
    const old = from.get(name) ?? null;
    if (JSON.stringify(old) === JSON.stringify(value)) return [];
    const verdict = judge(name, before, after, jobs, gaps);
    return [{ key: queueKey(queue, name), queue, from: old, to: value, ...verdict }];
  });
}

function judge(
  name: string,
  before: QueuePolicy,
  after: QueuePolicy,
  jobs: QueueJobs,
  gaps: StoreGaps,
): Verdict {
  const { dead, retained } = jobs;
  const isOtherType = before.type !== after.type;
  switch (name) {
    case 'type':
      return regroup(
        jobs,
        after.type === 'standard'
          ? ['loses its order', 'lose their order']
          : ['has no group', 'have no group: they run one by one'],
        gaps.live_type === undefined ? 'at once' : 'once nothing of it is in flight',
      );
    case 'message_group_field':
      return isOtherType
        ? live('with the type')
        : regroup(jobs, ['keeps its old group', 'keep their old groups'], 'at once');
    case 'retention.completed': {
      const lost = Math.max(0, retained - after.retainCompleted);
      if (lost === 0) return live('at once');
      return { effect: 'destructive', note: `${jobsAre(lost, 'finished')} forgotten`, jobs: lost };
    }
    case 'dead_letter_queue':
      // Where each queue of dead jobs is one of the broker, what is there stays there.
      return gaps.live_type !== undefined && dead > 0
        ? { effect: 'destructive', note: `${jobsAre(dead, 'dead')} left behind`, jobs: dead }
        : live(`at once; ${dead === 0 ? 'none is dead now' : 'for those that are dead too'}`);
    default:
      return live(LIVE_NOTES[name] ?? 'at once');
  }
}

/** The jobs of a queue keep the groups they were accepted with. */
function regroup(
  { waiting, dead }: QueueJobs,
  [ofOne, ofMany]: readonly [string, string],
  when: string,
): Verdict {
  const jobs = waiting + dead;
  if (jobs === 0) return live(when);
  const counts = [
    ...(waiting === 0 ? [] : [`${waiting} waiting`]),
    ...(dead === 0 ? [] : [`${dead} dead`]),
  ].join(' and ');
  const note = jobs === 1 ? `${counts} job ${ofOne}` : `${counts} jobs ${ofMany}`;
  return { effect: 'destructive', note, jobs };
}

function removed({ waiting, inFlight, dead }: QueueJobs): Verdict {
  const left = waiting + inFlight + dead;
  const stay = left === 1 ? '1 job stays and is' : `${left} jobs stay and are`;
  const note = left === 0 ? 'goes with a restart' : `goes with a restart; ${stay} not run`;
  return { effect: 'restart', note, jobs: 0 };
}

function jobsAre(count: number, kind: string): string {
  return `${countOf(count, `${kind} job`)} ${count === 1 ? 'is' : 'are'}`;
}
