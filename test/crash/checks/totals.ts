import type { Check } from '../check.ts';
import { isBusy } from '../dump.ts';
import type { Totals } from '../history.ts';
import type { Seen } from '../seen.ts';

/** I4: every job is in one state, and as many are in each as the queues say. */
export const oneStateEach: Check = (_, { jobs, dead, queues }) => {
  const violations: string[] = [];
  const states = new Map<string, string>();
  for (const { id, state } of jobs) {
    const other = states.get(id);
    if (other !== undefined) violations.push(`${id} is ${other} and ${state}`);
    states.set(id, state);
  }
  const gauges = { waiting: 'waiting', delayed: 'delayed', in_flight: 'inFlight', dead: 'dead' };
  for (const [state, gauge] of Object.entries(gauges)) {
    const listed = jobs.filter((job) => job.state === state).length;
    const counted = sumOf(queues, (queue) => queue[gauge as 'waiting']);
    if (listed !== counted)
      violations.push(`${listed} jobs are ${state}, the queues say ${counted}`);
  }
  for (const { id } of dead) {
    if (states.get(id) !== 'dead') violations.push(`${id} is dead and ${String(states.get(id))}`);
  }
  if (queues.some(isBusy)) violations.push('not all jobs could be finished');
  if (queues.some(({ paused }) => paused)) violations.push('a queue is still paused');
  return violations;
};

/** I12: the counts add up whenever one looks, and totals never fall, over restarts too. */
export const countsAddUp: Check = (seen, dump) => {
  const violations: string[] = [];
  const latest = new Map<string, Totals>();
  const looks = [...seen.of('looked'), { at: Infinity, queues: dump.queues }];
  for (const { name, totals, waiting, delayed, inFlight, dead } of looks.flatMap(
    ({ queues }) => queues,
  )) {
    const { enqueued, completed, discarded } = totals;
    if (enqueued !== completed + discarded + waiting + delayed + inFlight + dead) {
      violations.push(`of ${enqueued} jobs of ${name} not all are accounted for`);
    }
    if (totals.dead < dead + totals.redriven) {
      violations.push(`${name} has ${dead} dead jobs, of ${totals.dead} that died`);
    }
    const before = latest.get(name);
    for (const total of Object.keys(totals) as (keyof Totals)[]) {
      if (before === undefined || totals[total] >= before[total]) continue;
      violations.push(
        `the total ${total} of ${name} fell from ${before[total]} to ${totals[total]}`,
      );
    }
    latest.set(name, totals);
  }
  return violations;
};

/** I12: the totals are what the producers, workers and the operator saw. */
export const totalsAreTrue: Check = (seen, { queues }) => {
  const totals = (name: keyof Totals): number => sumOf(queues, (queue) => queue.totals[name]);
  const violations: string[] = [];
  for (const [name, { least, most }] of Object.entries(expectedTotals(seen))) {
    const found = totals(name as keyof Totals);
    if (found >= least && found <= most) continue;
    violations.push(`${name}: the engine says ${found}, its clients saw ${least} to ${most}`);
  }
  return violations;
};

interface Span {
  readonly least: number;
  readonly most: number;
}

/** The totals as the clients can know them: without the answers to some commands not exactly. */
function expectedTotals(seen: Seen): Readonly<Record<keyof Totals, Span>> {
  const cancelled = idsOf(seen, 'cancel', true);
  const discarded = idsOf(seen, 'discard', true);
  const unsure = new Set([...idsOf(seen, 'cancel', false), ...idsOf(seen, 'discard', false)]);
  // The last answer of a job that was cancelled later may have been lost in a crash before.
  const lastAnswers = [...cancelled, ...unsure].filter((id) => seen.deliveries.has(id)).length;
  const completed = [...seen.done].filter((id) => !cancelled.has(id));
  const known = seen.knownIds().size;
  const deaths = sumOf([...seen.deliveries.keys()], (id) => seen.deathsOf(id).length);
  const redriven = sumOf(seen.commands, ({ command, moved }) =>
    command === 'redrive' ? (moved?.length ?? 0) : 0,
  );
  const uncertain = sumOf(seen.commands, ({ command, moved, ids }) =>
    command === 'redrive' && moved === null ? ids.length : 0,
  );
  const unfinished = [...unsure].filter(
    (id) => !isSurelyDone(seen, id) && !cancelled.has(id) && !discarded.has(id),
  ).length;
  const sure = cancelled.size + discarded.size;
  return {
    enqueued: { least: known, most: known + seen.of('unknown').length },
    completed: { least: completed.filter((id) => !unsure.has(id)).length, most: completed.length },
    failed: around(failuresIn(seen), lastAnswers),
    dead: around(deaths, lastAnswers),
    redriven: { least: redriven, most: redriven + uncertain },
    discarded: { least: sure, most: sure + unfinished },
  };
}

/** Jobs that commands of one kind were carried out for, or may have been. */
function idsOf(seen: Seen, name: 'cancel' | 'discard', isSure: boolean): ReadonlySet<string> {
  const runs = seen.commands.filter(({ command }) => command === name);
  if (isSure) return new Set(runs.flatMap(({ moved }) => moved ?? []));
  return new Set(runs.filter(({ moved }) => moved === null).flatMap(({ ids }) => ids));
}

/**
 * Whether a worker said that it had done the job, when no command was still under way whose answer was
 * lost: a crash that takes both away leaves a job that waits, and the command goes on after the start.
 */
function isSurelyDone(seen: Seen, id: string): boolean {
  const answers = (seen.deliveries.get(id) ?? []).map((delivery) => seen.answerTo(delivery));
  const done = answers.findLast((answer) => answer?.ok === true);
  return done !== undefined && !seen.commanded(id, ['cancel', 'discard'], done.at, Infinity);
}

/** Failed attempts: not those whose answer a crash took away. */
function failuresIn(seen: Seen): number {
  return sumOf([...seen.deliveries.values()], (deliveries) => {
    const failed = deliveries.filter(
      (delivery, index) =>
        seen.answerTo(delivery)?.ok === false &&
        deliveries[index + 1]?.attempt !== delivery.attempt,
    );
    return failed.length;
  });
}

function around(count: number, tolerance: number): Span {
  return { least: count - tolerance, most: count };
}

function sumOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
