import type { Check } from '../check.ts';
import { CONCURRENCY, GROUPED, GROUPS_AT_ONCE, PLAIN } from '../job-plan.ts';
import type { Delivery, Seen } from '../seen.ts';
import { groupBy } from '../seen.ts';

/**
 * I6a, I6b: jobs of a group run in the order they were sent. A later one begins only when the one
 * before it has ended, and an earlier one comes after a later one only when it was redriven.
 */
export const groupsKeepTheirOrder: Check = (seen) => {
  const order = orderOf(seen);
  const violations: string[] = [];
  forEachNeighbours(seen, (before, next) => {
    if (order(next) > order(before)) {
      if (hasEnded(seen, before, next.at)) return;
      violations.push(`${next.key} ran before ${before.key} of the same group had ended`);
    } else if (!wasRedriven(seen, next)) {
      violations.push(`${next.key} ran after ${before.key}, which was sent later`);
    }
  });
  return violations;
};

/** I6c: of a group one job is in flight at a time. */
export const oneOfAGroupAtATime: Check = (seen) => {
  const violations: string[] = [];
  forEachNeighbours(seen, (before, next) => {
    if (endedOrLost(seen, before) > next.at) {
      violations.push(`${before.key} and ${next.key} of the same group were in flight at once`);
    }
  });
  return violations;
};

/** I7: a redriven job goes back to its place: of the later ones only the one in flight may end. */
export const redrivenInTheirPlace: Check = (seen) => {
  const order = orderOf(seen);
  const groups = deliveriesByGroup(seen);
  const violations: string[] = [];
  for (const { command, queue, moved, endedAt } of seen.commands) {
    if (command !== 'redrive' || queue !== GROUPED) continue;
    for (const id of moved ?? []) {
      const next = seen.deliveries.get(id)?.find(({ at }) => at > endedAt);
      if (next === undefined) continue;
      const group = groups.get(seen.invokes.get(next.key)?.group ?? null) ?? [];
      const overtaking = group.filter(
        (other) => other.at > endedAt && other.at < next.at && order(other) > order(next),
      );
      if (overtaking.length > 1) {
        violations.push(`${next.key} was redriven, and ${overtaking.length} later ones ran first`);
      }
    }
  }
  return violations;
};

/** I8: no queue has more in flight than its limit. */
export const limitsHold: Check = (seen) => {
  const limits = { [PLAIN]: CONCURRENCY, [GROUPED]: GROUPS_AT_ONCE };
  return Object.entries(limits).flatMap(([queue, limit]) => {
    const steps = seen
      .of('delivered')
      .filter(({ key }) => seen.queueOf(key) === queue)
      .flatMap((delivery) => [
        { at: delivery.at, by: 1 },
        { at: endedOrLost(seen, delivery), by: -1 },
      ])
      .sort((a, b) => a.at - b.at || a.by - b.by);
    let inFlight = 0;
    let most = 0;
    for (const { by } of steps) {
      inFlight += by;
      most = Math.max(most, inFlight);
    }
    return most <= limit ? [] : [`${most} jobs of ${queue} were in flight at once`];
  });
};

/** When an attempt ended: with its answer, or with the engine. */
function endedOrLost(seen: Seen, delivery: Delivery): number {
  return Math.min(seen.answerTo(delivery)?.at ?? Infinity, seen.endOf(delivery));
}

/** Whether a later job of the group may run. */
function hasEnded(seen: Seen, delivery: Delivery, at: number): boolean {
  if (seen.isLast(delivery) && (seen.answerTo(delivery)?.at ?? Infinity) <= at) return true;
  return seen.commanded(delivery.id, ['cancel', 'discard'], delivery.at, at);
}

/** Whether a job was redriven since it last ran. */
function wasRedriven(seen: Seen, delivery: Delivery): boolean {
  const deliveries = seen.deliveries.get(delivery.id) ?? [];
  const before = deliveries[deliveries.indexOf(delivery) - 1];
  return before !== undefined && seen.commanded(delivery.id, ['redrive'], before.at, delivery.at);
}

function orderOf(seen: Seen): (delivery: Delivery) => number {
  const order = new Map([...seen.invokes.keys()].map((key, index) => [key, index]));
  return ({ key }) => order.get(key) ?? -1;
}

function deliveriesByGroup(seen: Seen): ReadonlyMap<string | null, readonly Delivery[]> {
  return groupBy(seen.of('delivered'), ({ key }) => seen.invokes.get(key)?.group ?? null);
}

/** Visits each two deliveries of a group that follow each other and are of different jobs. */
function forEachNeighbours(seen: Seen, visit: (before: Delivery, next: Delivery) => void): void {
  for (const [group, deliveries] of deliveriesByGroup(seen)) {
    if (group === null) continue;
    for (const [index, next] of deliveries.entries()) {
      const before = deliveries[index - 1];
      if (before !== undefined && before.id !== next.id) visit(before, next);
    }
  }
}
