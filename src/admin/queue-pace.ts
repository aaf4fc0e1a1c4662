import type { Engine } from '../engine/engine.ts';
import type { QueueActivity } from '../observe/queue-activity.ts';
import { assessSlo, needsOf, type Needs, type SloStatus } from '../observe/queue-needs.ts';
import type { EngineFacts, QueueStats } from '../queue/store.ts';
import type { QueuePolicy } from '../queue/types.ts';

/** How fast a queue is, and whether that is enough. */
export interface QueuePace {
  readonly oldestWaitingMs: number | null;
  /** Live workers that offer a function some job of it waits for or ran on. */
  readonly workers: number;
  /** Jobs accepted and finished per second, over the last 10 s. */
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** What 95 of 100 attempts waited at most, over the last minute; `null` when none started. */
  readonly waitP95Ms: number | null;
  /** `null` when it has none. */
  readonly slo: SloStatus | null;
  /** How long a job runs, all its attempts together; `null` before one has finished here. */
  readonly jobMs: number | null;
  readonly needs: Needs | null;
  /** Functions that jobs wait for and no worker offers. */
  readonly waitingFor: readonly { readonly functionId: string; readonly jobs: number }[];
}

export interface PaceParts {
  readonly engine: Pick<Engine, 'clock' | 'functions'>;
  readonly activity: QueueActivity;
}

/** @param others what other engines on the same jobs say of themselves */
export function paceOf(
  { engine, activity }: PaceParts,
  policy: QueuePolicy,
  { oldestWaitingAt, waitingByFunction }: QueueStats,
  others: readonly EngineFacts[] = [],
): QueuePace {
  const { name } = policy;
  const functionIds = new Set([...waitingByFunction.keys(), ...activity.functionsOf(name)]);
  const own = new Set([...functionIds].flatMap((id) => engine.functions.get(id)?.workers ?? []));
  // An engine tells workers by function: one that offers several of them is counted once.
  const workersOf = ({ functions }: EngineFacts): number =>
    Math.max(0, ...[...functionIds].map((id) => functions[id] ?? 0));
  const sum = (first: number, of: (facts: EngineFacts) => number): number =>
    others.reduce((total, facts) => total + of(facts), first);
  const workers = sum(own.size, workersOf);
  const inPerSecond = sum(activity.inPerSecond(name), ({ rates }) => rates[name]?.[0] ?? 0);
  const oldestWaitingMs =
    oldestWaitingAt === null ? null : Math.max(0, engine.clock.now() - oldestWaitingAt);
  const waitP95Ms = longest([
    activity.waitP95Ms(name),
    ...others.map(({ waits }) => waits?.[name] ?? null),
  ]);
  const jobMs = activity.jobMs(name);
  const limit = limitOf(policy, 1 + others.length);
  return {
    oldestWaitingMs,
    workers,
    inPerSecond,
    outPerSecond: sum(activity.outPerSecond(name), ({ rates }) => rates[name]?.[1] ?? 0),
    waitP95Ms,
    slo: assessSlo(policy.sloWaitP95Ms, waitP95Ms, oldestWaitingMs),
    jobMs,
    needs: needsOf({ inPerSecond, jobMs, limit, workers }),
    waitingFor: [...waitingByFunction]
      .filter(
        ([functionId]) =>
          !engine.functions.isOffered(functionId) &&
          others.every(({ functions }) => (functions[functionId] ?? 0) === 0),
      )
      .map(([functionId, jobs]) => ({ functionId, jobs })),
  };
}

/** The engine where jobs wait longest decides. */
function longest(waits: readonly (number | null)[]): number | null {
  const known = waits.filter((waitMs) => waitMs !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Attempts that may run at once on all engines: groups are counted together, the rest by engine. */
function limitOf({ type, concurrency, groupConcurrency }: QueuePolicy, engines: number): number {
  const limit = concurrency * engines;
  return type === 'fifo' ? Math.min(limit, groupConcurrency) : limit;
}
