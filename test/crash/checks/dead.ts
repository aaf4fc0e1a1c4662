import type { Check } from '../check.ts';
import { MAX_ATTEMPTS } from '../job-plan.ts';

/** The time of day may be set by a little while it runs. */
const DAY_TOLERANCE_MS = 1_000;

/** I10: dead are the jobs that failed as often as they may, and what is kept of them is true. */
export const deadAreRight: Check = (seen, { dead, dayOffsetMs }) => {
  const violations: string[] = [];
  const accepted = new Map(seen.of('accepted').map(({ id, at }) => [id, at]));
  for (const entry of dead) {
    const key = seen.keys.get(entry.id);
    const invoke = key === undefined ? undefined : seen.invokes.get(key);
    const last = seen.deliveries.get(entry.id)?.at(-1);
    if (invoke === undefined || last === undefined) {
      violations.push(`${entry.id} is dead and never ran`);
      continue;
    }
    const name = invoke.key;
    if (seen.answerTo(last)?.ok !== false || last.attempt < MAX_ATTEMPTS) {
      violations.push(`${name} is dead and may still run`);
    }
    if (entry.attempts !== MAX_ATTEMPTS || entry.reason !== 'exhausted') {
      violations.push(`${name} is dead, ${entry.reason} after ${entry.attempts} attempts`);
    }
    if (entry.error.code !== 'boom' || entry.error.message !== 'as planned') {
      violations.push(`${name} is dead of ${entry.error.code}: ${entry.error.message}`);
    }
    if (entry.group !== (invoke.group === null ? null : JSON.stringify(invoke.group))) {
      violations.push(`${name} is dead in the group ${String(entry.group)}`);
    }
    const enqueuedAt = Date.parse(entry.enqueuedAt) - dayOffsetMs;
    const before = invoke.at - DAY_TOLERANCE_MS;
    const after = (accepted.get(entry.id) ?? Infinity) + DAY_TOLERANCE_MS;
    if (enqueuedAt < before || enqueuedAt > after) {
      violations.push(`${name} is dead and was enqueued at ${entry.enqueuedAt}`);
    }
  }
  return violations;
};

/** I10, the other way round: a job that failed as often as it may is among the dead. */
export const exhaustedAreDead: Check = (seen, { dead }) => {
  const listed = new Set(dead.map(({ id }) => id));
  return [...seen.deliveries].flatMap(([id, deliveries]) => {
    const last = deliveries.at(-1);
    if (last === undefined || listed.has(id)) return [];
    if (last.attempt < MAX_ATTEMPTS || seen.answerTo(last)?.ok !== false) return [];
    if (seen.commanded(id, ['redrive', 'discard', 'cancel'], last.at, Infinity)) return [];
    return [`${last.key} failed as often as it may and is not dead`];
  });
};

/**
 * I11: a redrive moves the dead it names, each of them once for each death. A discard whose answer was
 * lost goes on when the engine is back, and may be faster.
 */
export const redriveConserves: Check = (seen) => {
  const violations: string[] = [];
  const since = new Map<string, number>();
  for (const { command, ids, moved, at, endedAt, again } of seen.commands) {
    if (command !== 'redrive' || moved === null) continue;
    const left = ids.filter(
      (id) => !moved.includes(id) && !seen.commanded(id, ['discard'], at, endedAt),
    );
    if (!again && left.length > 0) {
      violations.push(`${ids.length} dead jobs were to be redriven, and ${left.length} were left`);
    }
    for (const id of moved) {
      const from = since.get(id) ?? 0;
      const hasDied = seen.deathsOf(id).some((death) => death.at > from && death.at <= endedAt);
      if (!hasDied) violations.push(`${seen.keys.get(id) ?? id} was redriven without having died`);
      since.set(id, at);
    }
  }
  return violations;
};
