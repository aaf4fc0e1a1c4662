import type { Check } from '../check.ts';
import { MAX_ATTEMPTS } from '../job-plan.ts';
import type { CommandRun, Delivery, Seen } from '../seen.ts';

/** A job is not delivered before its time, but for the precision of clocks. */
const EARLY_MS = 5;

/** I5: what has ended does not run again; what is dead only when redriven. */
export const endIsFinal: Check = (seen) => {
  const violations: string[] = [];
  for (const { at, asked, state, ids } of seen.of('seen')) {
    for (const id of ids) {
      const again = deliveryAfter(seen, id, at);
      if (again === undefined) continue;
      if (state === 'dead' && seen.commanded(id, ['redrive'], asked, again.at)) continue;
      violations.push(`${again.key} was ${state} and ran again`);
    }
  }
  return violations;
};

/** A cancelled or discarded job is not delivered once the command was answered. */
export const cancelledNeverRun: Check = (seen) =>
  seen.commands
    .filter(
      ({ command, moved }) => (command === 'cancel' || command === 'discard') && moved !== null,
    )
    .flatMap(({ command, moved, endedAt }) =>
      (moved ?? []).flatMap((id) => {
        const again = deliveryAfter(seen, id, endedAt);
        return again === undefined ? [] : [`${again.key} ran after its ${command}`];
      }),
    );

/** I5b: a job runs again only after a failure, a fault or a redrive. */
export const redeliveriesHaveCauses: Check = (seen) => {
  const violations: string[] = [];
  forEachRepeat(seen, (before, next) => {
    if (hasCause(seen, before, next)) return;
    violations.push(
      `${next.key} ran again as attempt ${next.attempt} after attempt ${before.attempt} for no reason`,
    );
  });
  return violations;
};

/** I6d, the engine's side: an answer that comes late or twice ends nothing. */
export const lateAnswersChangeNothing: Check = (seen, { jobs }) => {
  const completed = new Set(jobs.filter(({ state }) => state === 'completed').map(({ id }) => id));
  for (const { state, ids } of seen.of('seen')) {
    if (state === 'completed') for (const id of ids) completed.add(id);
  }
  return [...completed]
    .filter((id) => !seen.done.has(id))
    .map((id) => `${seen.keys.get(id) ?? id} is completed, and no worker said so in time`);
};

/** I9: attempts are counted from 1 without gaps, up to the most there are; a lease is given once. */
export const attemptsAreCounted: Check = (seen) => {
  const violations: string[] = [];
  for (const [first] of seen.deliveries.values()) {
    if (first !== undefined && first.attempt !== 1) {
      violations.push(`${first.key} begins with attempt ${first.attempt}`);
    }
  }
  for (const { attempt, key } of seen.of('delivered')) {
    if (attempt > MAX_ATTEMPTS) violations.push(`${key} got attempt ${attempt}`);
  }
  forEachRepeat(seen, (before, next) => {
    const step = next.attempt - before.attempt;
    if (step > 1 || (step < 0 && next.attempt !== 1)) {
      violations.push(`${next.key} got attempt ${next.attempt} after attempt ${before.attempt}`);
    }
    if (next.epoch <= before.epoch && !seen.outageBetween(before.at, next.at)) {
      violations.push(`${next.key} was leased twice as epoch ${next.epoch}`);
    }
  });
  return violations;
};

/** I14: a delayed job is not delivered before its time. */
export const nothingIsEarly: Check = (seen) =>
  [...seen.deliveries.values()].flatMap(([first]) => {
    const invoke = first === undefined ? undefined : seen.invokes.get(first.key);
    if (first === undefined || invoke === undefined) return [];
    const earlyMs = invoke.at + invoke.delayMs - first.at;
    return earlyMs <= EARLY_MS ? [] : [`${first.key} ran ${Math.round(earlyMs)} ms early`];
  });

/** While a queue is paused nothing of it is delivered, and a restart does not change what is paused. */
export const pausesHold: Check = (seen) => {
  const violations: string[] = [];
  for (const { at, queue } of seen.of('quiet')) {
    const resumedAt = nextCommandOf(seen, 'resume', queue, at);
    for (const delivery of seen.of('delivered')) {
      if (delivery.at <= at || seen.queueOf(delivery.key) !== queue) continue;
      if (delivery.at >= resumedAt) break;
      violations.push(`${delivery.key} was delivered while ${queue} was paused`);
    }
  }
  for (const { command, queue, endedAt, moved } of seen.commands) {
    if ((command !== 'pause' && command !== 'resume') || moved === null) continue;
    const until = nextCommandOf(seen, command === 'pause' ? 'resume' : 'pause', queue, endedAt);
    const wrong = seen
      .of('looked')
      .filter(({ at }) => at > endedAt && at < until)
      .flatMap(({ queues }) => queues)
      .some(({ name, paused }) => name === queue && paused !== (command === 'pause'));
    if (wrong) violations.push(`${queue} forgot its ${command}`);
  }
  return violations;
};

function nextCommandOf(
  seen: Seen,
  command: CommandRun['command'],
  queue: string,
  after: number,
): number {
  const next = seen.commands.find(
    (run) => run.command === command && run.queue === queue && run.at > after,
  );
  return next?.at ?? Infinity;
}

function deliveryAfter(seen: Seen, id: string, at: number): Delivery | undefined {
  return seen.deliveries.get(id)?.find((delivery) => delivery.at > at);
}

function forEachRepeat(seen: Seen, visit: (before: Delivery, next: Delivery) => void): void {
  for (const deliveries of seen.deliveries.values()) {
    for (const [index, next] of deliveries.entries()) {
      const before = deliveries[index - 1];
      if (before !== undefined) visit(before, next);
    }
  }
}

function hasCause(seen: Seen, before: Delivery, next: Delivery): boolean {
  const answer = seen.answerTo(before);
  if (next.attempt === before.attempt) {
    return seen.outageBetween(answer?.at ?? before.at, next.at);
  }
  if (answer?.ok !== false) return false;
  if (next.attempt === before.attempt + 1) return true;
  return before.attempt >= MAX_ATTEMPTS && seen.commanded(next.id, ['redrive'], before.at, next.at);
}
