import { parseSelector } from '../../queue/select.ts';
import { allOf, COST, type Condition } from '../../queue/select/condition.ts';
import type { Selection } from './task.ts';

type Narrowing = Pick<Selection, 'where' | 'cluster' | 'since' | 'until'>;

/**
 * What a job must be to be meant, beside its queue and its state; `null` when that is all.
 * @throws IiiError SELECTOR_INVALID
 */
export function conditionOf(selection: Narrowing, nowMs: number): Condition | null {
  const { where, cluster, since, until } = selection;
  const conditions: Condition[] = [];
  if (where !== null) conditions.push(parseSelector(where, nowMs));
  if (since !== null || until !== null) {
    const [from, to] = [since ?? -Infinity, until ?? Infinity];
    conditions.push({
      cost: COST.index,
      test: ({ state, stampAt, enqueuedAt }) => {
        const at = state === 'dead' ? stampAt : enqueuedAt;
        return at >= from && at < to;
      },
    });
  }
  if (cluster !== null) {
    conditions.push({ cost: COST.cause, test: (job) => job.cause()?.cluster === cluster });
  }
  return conditions.length === 0 ? null : allOf(conditions);
}
