import { appendHistory } from '../../queue/history.ts';
import type { RestoredJob } from '../../queue/lanes.ts';
import { ROW } from '../../queue/row-state.ts';
import type { QueueTotals, Settlement } from '../../queue/store.ts';
import type { Job } from '../../queue/types.ts';
import { attemptsCounted, interruptionsCounted } from '../../queue/verdict.ts';
import type { StoredState } from './state-record.ts';

/**
 * What a leased job's record says once a settlement is carried out. It says what `Lanes.settle`
 * does: if you change one, also change the other.
 * @param order its place in the order of deaths or of ends, whichever it comes to
 */
export function settledState(
  { verdict, record, at }: Settlement,
  leased: StoredState,
  order: number,
): StoredState {
  const { past } = leased;
  const next: StoredState = {
    ...leased,
    state: ROW.waiting,
    stampAt: 0,
    attempts: leased.attempts + attemptsCounted(verdict),
    interruptions: leased.interruptions + interruptionsCounted(verdict),
    past: record === null ? past : { ...past, history: appendHistory(past.history, record) },
  };
  switch (verdict.kind) {
    case 'complete':
      return { ...next, state: ROW.completed, stampAt: at, order };
    case 'retry':
      return { ...next, dueAt: verdict.dueAt };
    case 'return':
      return next;
    case 'dead': {
      const failure = { reason: verdict.reason, failedAt: at, error: verdict.error };
      const dead = { state: ROW.dead, stampAt: at, order };
      return { ...next, ...dead, past: { ...next.past, failure } };
    }
  }
}

/** The totals of a queue that grow by one with a settlement. See `Lanes.settle`. */
export function totalsOf({ verdict }: Settlement): readonly (keyof QueueTotals)[] {
  switch (verdict.kind) {
    case 'complete':
      return ['completed'];
    case 'retry':
      return ['failed'];
    case 'return':
      return [];
    case 'dead':
      return verdict.countsAttempt ? ['dead', 'failed'] : ['dead'];
  }
}

/** What a dead job's record says once it is redriven at `at`. See `Lanes.redrive`. */
export function redrivenState(dead: StoredState, at: number): StoredState {
  const past = { ...dead.past, failure: null, expiryLifted: true };
  const fresh = { attempts: 0, interruptions: 0, order: 0, stampAt: 0 };
  return { ...dead, ...fresh, state: ROW.waiting, dueAt: at, past };
}

/** What the record of a job says that is put in the place of another version. See `applyRewrite`. */
export function rewrittenState(job: Job, place: RestoredJob): StoredState {
  const { history, failure, expiresAt } = job;
  return {
    seq: place.seq,
    state: place.state === 'dead' ? ROW.dead : ROW.waiting,
    attempts: place.attempts,
    interruptions: place.interruptions,
    epoch: place.epoch,
    dueAt: place.dueAt,
    stampAt: place.stampAt,
    order: place.deathOrder,
    past: { history, failure, expiryLifted: expiresAt === null },
  };
}

/** What an unfinished job's record says once it ends as discarded at `at`. See `Lanes.discard`. */
export function discardedState(unfinished: StoredState, at: number, order: number): StoredState {
  return { ...unfinished, state: ROW.discarded, stampAt: at, order };
}
