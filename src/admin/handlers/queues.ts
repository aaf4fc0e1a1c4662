import { parseTime } from '../../base/time.ts';
import { drainMsOf } from '../../observe/queue-needs.ts';
import type { EngineFacts } from '../../queue/store.ts';
import type { QueueDetail, QueueSummary } from '../contract.ts';
import { invalid, type Input } from '../input.ts';
import { otherEngines } from '../other-engines.ts';
import { paceOf, type QueuePace } from '../queue-pace.ts';
import type { AdminHandlers, AdminParts, AuditNote } from './handler.ts';
import { findQueue, knownQueues, type KnownQueue } from './queue-names.ts';
import { timeText } from './views.ts';

export function queueHandlers(
  parts: AdminParts,
): AdminHandlers<
  'iii::queue::list' | 'iii::queue::get' | 'iii::queue::pause' | 'iii::queue::resume'
> {
  const { engine } = parts;
  const setPaused = async (input: Input, paused: boolean, note: AuditNote) => {
    const queue = input.string('queue');
    const { stats } = await findQueue(engine, queue);
    const until = paused ? readUntil(input, engine) : null;
    const changed = stats.paused !== paused || engine.timedPauses.endOf(queue) !== until;
    note.changed = changed;
    if (changed && !input.flag('dryRun')) {
      if (stats.paused !== paused) await engine.pauseQueue(queue, paused);
      await engine.timedPauses.set(queue, until);
    }
    return { queue, paused, changed, ...(until === null ? {} : { until: timeText(until) }) };
  };
  return {
    'iii::queue::list': async () => {
      // The queues of subscriptions are listed with their topics.
      const queues = [...(await knownQueues(engine)).values()].filter(
        ({ policy }) => engine.topics.get(policy.name) === undefined,
      );
      const others = await otherEngines(engine.store, parts.card().id);
      return { queues: queues.map((queue) => summarise(queue, parts, others)) };
    },
    'iii::queue::get': async (input) =>
      detail(
        await findQueue(engine, input.string('queue')),
        parts,
        await otherEngines(engine.store, parts.card().id),
      ),
    'iii::queue::pause': (input, _call, note) => setPaused(input, true, note),
    'iii::queue::resume': (input, _call, note) => setPaused(input, false, note),
  };
}

function pausedUntil(queue: string, { timedPauses }: AdminParts['engine']) {
  const end = timedPauses.endOf(queue);
  return end === null ? {} : { pausedUntil: timeText(end) };
}

/** When a pause is to end; `null` for never. @throws IiiError INVALID_ARGUMENTS */
export function readUntil(input: Input, { clock }: AdminParts['engine']): number | null {
  const text = input.optionalString('until');
  if (text === undefined) return null;
  const at = parseTime(text, clock.now());
  if (at !== undefined && at > clock.now()) return at;
  throw invalid(`until must be a time to come, not '${text}'`, 'give a later one, such as now+2h');
}

function summarise(
  { policy, stats }: KnownQueue,
  parts: AdminParts,
  others: readonly EngineFacts[],
): QueueSummary {
  return summaryOf({ policy, stats }, paceOf(parts, policy, stats, others), parts);
}

function summaryOf({ policy, stats }: KnownQueue, pace: QueuePace, parts: AdminParts) {
  const { name, type } = policy;
  const { paused, waiting, delayed, inFlight, dead, totals } = stats;
  const { oldestWaitingMs, workers, inPerSecond, outPerSecond, waitP95Ms, slo } = pace;
  return {
    name,
    type,
    paused,
    ...(paused ? pausedUntil(name, parts.engine) : {}),
    ...{ waiting, delayed, inFlight, dead, oldestWaitingMs },
    ...{ workers, inPerSecond, outPerSecond, waitP95Ms, slo, totals },
  };
}

function detail(queue: KnownQueue, parts: AdminParts, others: readonly EngineFacts[]): QueueDetail {
  const { policy, stats } = queue;
  const pace = paceOf(parts, policy, stats, others);
  const { inPerSecond, outPerSecond, jobMs, needs, waitingFor } = pace;
  return {
    ...summaryOf(queue, pace, parts),
    config: policy,
    waitingFor,
    groups: stats.groups,
    drainMs: drainMsOf(stats.waiting + stats.delayed, inPerSecond, outPerSecond),
    jobMs: jobMs === null ? null : Math.round(jobMs),
    concurrencyNeeded: needs?.concurrency ?? null,
    workersNeeded: needs?.workers ?? null,
    alerts: (parts.alerts?.firing() ?? [])
      .filter((alert) => alert.queue === policy.name)
      .map(({ when, since }) => ({ alert: when, since: timeText(since) })),
  };
}
