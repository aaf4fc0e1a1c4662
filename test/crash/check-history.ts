import type { Dump } from './dump.ts';
import type { FaultName, HistoryLine } from './history.ts';
import { INVARIANTS } from './invariants.ts';
import { Seen } from './seen.ts';

/** How much of everything happened: a run in which nothing did would prove nothing. */
export interface Volumes {
  readonly accepted: number;
  readonly unknown: number;
  readonly duplicates: number;
  readonly deliveries: number;
  readonly redeliveries: number;
  readonly lateAnswers: number;
  readonly deaths: number;
  readonly redriven: number;
  readonly discarded: number;
  readonly cancelled: number;
  readonly pauses: number;
  /** Faults while a queue was known to be paused. */
  readonly faultsInPauses: number;
  /** Faults while at least one enqueue was under way. */
  readonly faultsMidWrite: number;
  /** Faults that took the receipt of a job which was already on disk. */
  readonly faultsBeforeReceipt: number;
  /** Commands whose answer a fault took. */
  readonly commandsCutOff: number;
  readonly secondEngines: number;
  readonly faults: Readonly<Record<FaultName, number>>;
}

export interface Verdict {
  /** Sentences, by the id of the invariant that was broken. */
  readonly violations: Readonly<Record<string, readonly string[]>>;
  readonly volumes: Volumes;
}

/** Holds what the processes saw against every invariant. */
export function checkHistory(lines: readonly HistoryLine[], dumps: readonly Dump[]): Verdict {
  const [dump, ...later] = dumps;
  if (dump === undefined) throw new Error('there is nothing to hold the history against');
  const seen = new Seen(lines);
  const violations: Record<string, readonly string[]> = {};
  for (const { id, checks } of INVARIANTS) {
    const found = checks.flatMap((check) => check(seen, dump, later));
    if (found.length > 0) violations[id] = found;
  }
  return { violations, volumes: volumesOf(seen) };
}

function volumesOf(seen: Seen): Volumes {
  const { commands, deliveries, outages } = seen;
  const moved = (name: string): number =>
    commands.reduce((sum, run) => sum + (run.command === name ? (run.moved?.length ?? 0) : 0), 0);
  const accepted = seen.of('accepted');
  const ran = new Set(seen.keys.values());
  const cutOff = seen.of('unknown').map(({ at, key }) => ({
    fault: outages.findLast(({ from }) => from <= at),
    isOnDisk: ran.has(key),
  }));
  const pauses = commands.filter(
    ({ command, moved: done }) => command === 'pause' && done !== null,
  );
  const faultNames = seen.of('fault').map(({ fault }) => fault);
  const countOf = (name: FaultName): number => faultNames.filter((fault) => fault === name).length;
  const total = seen.of('delivered').length;
  return {
    accepted: accepted.length,
    unknown: seen.of('unknown').length,
    duplicates: accepted.length - new Set(accepted.map(({ id }) => id)).size,
    deliveries: total,
    redeliveries: total - deliveries.size,
    lateAnswers: seen.of('late').length,
    deaths: [...deliveries.keys()].reduce((sum, id) => sum + seen.deathsOf(id).length, 0),
    redriven: moved('redrive'),
    discarded: moved('discard'),
    cancelled: moved('cancel'),
    pauses: pauses.length,
    faultsInPauses: outages.filter(({ from }) => isPausedAt(seen, from)).length,
    faultsMidWrite: new Set(cutOff.map(({ fault }) => fault)).size,
    faultsBeforeReceipt: new Set(
      cutOff.filter(({ isOnDisk }) => isOnDisk).map(({ fault }) => fault),
    ).size,
    commandsCutOff: commands.filter(({ moved: done }) => done === null).length,
    secondEngines: seen.of('second engine').length,
    faults: {
      kill: countOf('kill'),
      'kill while starting': countOf('kill while starting'),
      'power cut': countOf('power cut'),
      stop: countOf('stop'),
    },
  };
}

function isPausedAt({ commands }: Seen, at: number): boolean {
  const last = commands.findLast(
    ({ command, endedAt }) => (command === 'pause' || command === 'resume') && endedAt < at,
  );
  return last?.command === 'pause' && last.moved !== null;
}
