import type { Clock } from '../../base/clock.ts';
import { scannedJob } from '../../queue/scan.ts';
import { allOf, COST, type Condition } from '../../queue/select/condition.ts';
import type { ScannedJob } from '../../queue/store.ts';
import { refusalOf, TAKES, type ActionParts, type ActionTarget } from './actions.ts';
import { search } from './search.ts';
import { conditionOf } from './selection.ts';
import type { ExactJob, Selection } from './task.ts';

/** A job that a task is to change, or leaves alone for a reason. */
export interface Candidate {
  readonly id: string;
  /** Where the search goes on behind it. */
  readonly cursor: string;
  readonly refusal: string | null;
  /** What it died of. */
  readonly cluster: string | null;
  /** Higher whenever it ran again since. */
  readonly epoch: number;
}

export interface SearchParts extends Pick<ActionParts, 'store' | 'policyOf'> {
  readonly clock: Clock;
}

/** Which jobs a task is about, and since when: those that die later are none of its concern. */
export interface Aim extends ActionTarget {
  readonly selection: Selection;
  readonly startedAt: number;
}

/** Exact jobs looked at in one go. */
const PIECE = 256;

/**
 * The jobs that are meant, with what the action takes. FIFO queues in the order of acceptance, in
 * which their jobs have to run; dead jobs of others in the order of their deaths, as they are listed.
 */
export async function* selectedJobs(
  aim: Aim,
  after: string | null,
  parts: SearchParts,
): AsyncGenerator<readonly ScannedJob[]> {
  const { selection, action, startedAt } = aim;
  const { queues } = selection;
  const takes = TAKES[action];
  const states =
    selection.states === null ? takes : takes.filter((one) => selection.states?.includes(one));
  const condition = conditionOf(selection, startedAt);
  const known = queues ?? [...(await parts.store.stats()).keys()];
  const isOrdered = known.some((queue) => parts.policyOf(queue)?.type === 'fifo');
  const order = !isOrdered && states.every((state) => state === 'dead') ? 'died' : 'accepted';
  const scan = { queues, states, order, after } as const;
  yield* search(
    parts.store,
    parts.clock,
    scan,
    condition === null ? before(startedAt) : allOf([before(startedAt), condition]),
  );
}

/** The same as candidates. */
export async function* selectedCandidates(
  aim: Aim,
  after: string | null,
  parts: SearchParts,
): AsyncGenerator<readonly Candidate[]> {
  for await (const jobs of selectedJobs(aim, after, parts)) {
    yield jobs.map((job) => candidateOf(job, job.cursor, aim, parts));
  }
}

/** Exactly these jobs from a place in their list on; what changed since the list was made is refused. */
export async function* exactCandidates(
  aim: Aim,
  jobs: readonly ExactJob[],
  after: string | null,
  parts: SearchParts,
): AsyncGenerator<readonly Candidate[]> {
  for (let from = Number(after ?? 0); from < jobs.length; from += PIECE) {
    const piece = jobs.slice(from, from + PIECE);
    const found = await Promise.all(piece.map(({ id }) => parts.store.get(id)));
    yield piece.map(({ id, epoch }, at) => {
      const cursor = String(from + at + 1);
      const job = found[at];
      const refused = (refusal: string): Candidate => ({
        ...{ id, cursor, refusal, cluster: null },
        epoch: job?.epoch ?? 0,
      });
      if (job === undefined) return refused('there is no such job');
      const { queues } = aim.selection;
      if (queues !== null && !queues.includes(job.queue))
        return refused(`it is in queue ${job.queue}`);
      if (epoch !== null && job.epoch !== epoch)
        return refused('it changed since the plan was made');
      return candidateOf(scannedJob(job), cursor, aim, parts);
    });
  }
}

function candidateOf(job: ScannedJob, cursor: string, aim: Aim, parts: SearchParts): Candidate {
  return {
    id: job.id,
    cursor,
    refusal: refusalOf(job, aim, parts),
    cluster: aim.action === 'redrive' ? (job.cause()?.cluster ?? null) : null,
    epoch: job.epoch,
  };
}

/** Jobs that were dead, or accepted, when the task began: what comes later is another matter. */
function before(at: number): Condition {
  return {
    cost: COST.index,
    test: ({ state, stampAt, enqueuedAt }) => (state === 'dead' ? stampAt : enqueuedAt) <= at,
  };
}
