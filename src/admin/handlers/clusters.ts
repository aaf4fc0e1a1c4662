import type { Engine } from '../../engine/engine.ts';
import { search } from '../../engine/bulk/search.ts';
import { conditionOf } from '../../engine/bulk/selection.ts';
import type { Selection } from '../../engine/bulk/task.ts';
import { fingerprintOf, normaliseError } from '../../queue/cluster.ts';
import type { ErrorCluster } from '../bulk-contract.ts';
import { timeText } from './views.ts';

/** Clusters told apart; the jobs of further ones are counted together. */
const MOST_CLUSTERS = 1_000;
const OTHERS = 'others';
/** What stands for an error that cannot be read. */
const UNKNOWN = { code: 'unknown', message: '' };
const UNREADABLE = fingerprintOf(UNKNOWN);

interface Growing {
  readonly code: string;
  readonly message: string;
  readonly sample: string;
  readonly sampleMessage: string;
  jobs: number;
  first: number;
  last: number;
  readonly functions: Map<string, number>;
}

/** The dead jobs of queues, grouped by what they died of. */
export async function clusterErrors(
  engine: Engine,
  selection: Selection,
): Promise<{ readonly jobs: number; readonly clusters: readonly ErrorCluster[] }> {
  const { store, clock } = engine;
  const condition = conditionOf(selection, clock.now());
  const scan = { queues: selection.queues, states: ['dead'], order: 'died', after: null } as const;
  const growing = new Map<string, Growing>();
  let total = 0;
  for await (const jobs of search(store, clock, scan, condition)) {
    for (const job of jobs) {
      const fingerprint = job.cause()?.cluster ?? UNREADABLE;
      const isKnown = growing.has(fingerprint) || growing.size < MOST_CLUSTERS;
      const key = isKnown ? fingerprint : OTHERS;
      let cluster = growing.get(key);
      if (cluster === undefined) {
        const error = job.failure()?.error ?? UNKNOWN;
        cluster = {
          code: isKnown ? error.code : '',
          message: isKnown ? normaliseError(error.message) : 'further errors, each rare',
          sample: job.id,
          sampleMessage: error.message,
          jobs: 0,
          first: Infinity,
          last: 0,
          functions: new Map(),
        };
        growing.set(key, cluster);
      }
      total++;
      cluster.jobs++;
      cluster.first = Math.min(cluster.first, job.stampAt);
      cluster.last = Math.max(cluster.last, job.stampAt);
      const { functionId } = job;
      cluster.functions.set(functionId, (cluster.functions.get(functionId) ?? 0) + 1);
    }
  }
  const clusters = [...growing].map(([cluster, one]): ErrorCluster => {
    const { code, message, jobs, first, last, sample, sampleMessage } = one;
    return {
      cluster,
      code,
      message,
      jobs,
      share: jobs / total,
      firstFailedAt: timeText(first),
      lastFailedAt: timeText(last),
      sample,
      sampleMessage,
      functions: [...one.functions].map(([functionId, count]) => ({ functionId, jobs: count })),
    };
  });
  return { jobs: total, clusters: clusters.sort((a, b) => b.jobs - a.jobs) };
}
