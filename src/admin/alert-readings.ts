import type { Engine } from '../engine/engine.ts';
import type { AlertReading } from '../observe/alerts/alerts.ts';
import type { QueueActivity } from '../observe/queue-activity.ts';
import { defaultPolicy } from '../queue/policy.ts';
import { otherEngines } from './other-engines.ts';
import { paceOf } from './queue-pace.ts';

export interface AlertReadingParts {
  readonly engine: Pick<Engine, 'clock' | 'functions' | 'queues' | 'store'>;
  readonly activity: QueueActivity;
  /** Id of this engine among those on the same jobs. */
  readonly self: string;
}

/** The queues as all engines on the same jobs see them: a worker of another one is a worker. */
export async function readForAlerts(parts: AlertReadingParts): Promise<readonly AlertReading[]> {
  const { engine, self } = parts;
  const others = await otherEngines(engine.store, self);
  return [...(await engine.store.stats())].map(([queue, stats]) => {
    const policy = engine.queues.policyOf(queue) ?? defaultPolicy(queue);
    const { waitingFor, slo } = paceOf(parts, policy, stats, others);
    const waiting = waitingFor.reduce((sum, { jobs }) => sum + jobs, 0);
    return { queue, withoutWorker: stats.paused ? 0 : waiting, slo };
  });
}
