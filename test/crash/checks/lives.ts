import { isDeepStrictEqual } from 'node:util';
import type { Check } from '../check.ts';
import { GRACE_MS } from '../job-plan.ts';
import { firstAfter } from '../seen.ts';

/** What is left to a stop after the grace time. */
const STOP_MARGIN_MS = 2_000;
/** A second engine is refused this soon after it is up. */
const REFUSED_WITHIN_MS = 1_000;
const LOCKED_STATUS = 7;

/** I19: once the disk has failed there are no receipts, and the engine that sees it ends as failed. */
export const nothingIsAcceptedInTheDark: Check = (seen) => {
  const ends = seen.of('gone').map(({ at }) => at);
  const cuts = seen.of('dark').map(({ at }) => ({ from: at, to: firstAfter(ends, at) }));
  const violations: string[] = [];
  for (const { key, at } of seen.of('accepted')) {
    const invoke = seen.invokes.get(key);
    // a duplicate is answered with the receipt of a job that is on disk
    if (invoke === undefined || invoke.dedupKey !== null) continue;
    const sentAt = invoke.at;
    if (cuts.some(({ from, to }) => sentAt > from && at < to)) {
      violations.push(`${key} was sent after a power cut and accepted`);
    }
  }
  for (const { status, at } of seen.of('gone')) {
    if (status === 0 && cuts.some(({ to }) => to === at)) {
      violations.push('an engine ended with 0 after a power cut');
    }
  }
  return violations;
};

/** I20: opening a store again, after a stop or a kill, shows the same. */
export const recoveryIsStable: Check = (_, dump, later) =>
  later.flatMap((again, index) => {
    const parts = ['jobs', 'dead', 'queues'] as const;
    return parts
      .filter((part) => !isDeepStrictEqual(dump[part], again[part]))
      .map((part) => `after restart ${index + 1} the ${part} are not the same`);
  });

/** I21: a second engine on the folder is refused at once, and told who has it. */
export const oneWriter: Check = (seen) => {
  const starts = seen.of('ready').map(({ startedInMs }) => startedInMs);
  const slowestMs = Math.max(0, ...starts) + REFUSED_WITHIN_MS;
  return seen
    .of('second engine')
    .flatMap(({ status, tookMs, namesOwner }) => [
      ...(status === LOCKED_STATUS ? [] : [`a second engine ended with ${String(status)}`]),
      ...(namesOwner ? [] : ['a second engine was not told who has the folder']),
      ...(tookMs <= slowestMs ? [] : [`a second engine was refused after ${tookMs} ms`]),
    ]);
};

/** I22: a stop in order ends with 0, within the time given to what is in flight. */
export const stopsAreInOrder: Check = (seen) =>
  seen.of('fault').flatMap(({ at, fault }) => {
    if (fault !== 'stop') return [];
    const gone = seen.of('gone').find((line) => line.at > at);
    if (gone === undefined) return ['an engine did not stop'];
    return [
      ...(gone.status === 0 ? [] : [`a stop ended with ${String(gone.status)}`]),
      ...(gone.at - at <= GRACE_MS + STOP_MARGIN_MS ? [] : [`a stop took ${gone.at - at} ms`]),
    ];
  });
