import { STORE_GAPS, type StoreKind } from '../queue/store-gaps.ts';
import type { QueuePolicy } from '../queue/types.ts';
import type { ConfigProblem } from './config.ts';
import { Findings } from './findings.ts';
import { readQueues } from './queues.ts';
import { readTree } from './read-tree.ts';

/**
 * Reads queues that were given as JSON, by the rules of `queue_configs` in a file. `default` is always
 * among them.
 */
export function readQueuesObject(
  queues: object,
  store: StoreKind,
): { readonly queues: readonly QueuePolicy[]; readonly problems: readonly ConfigProblem[] } {
  const text = JSON.stringify(queues);
  const findings = new Findings(null, text);
  // Variables belong to whoever wrote the file: the engine's own are not for those who call it.
  const tree = readTree(text, {}, findings);
  const spot = { path: 'queues', range: null };
  const read = readQueues(findings, tree, spot, STORE_GAPS[store]);
  return { queues: read, problems: findings.list() };
}
