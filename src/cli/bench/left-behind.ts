import type { AdminClient } from '../../admin/client.ts';
import { IiiError } from '../../base/errors.ts';

/** Begins the name of a bench, which is that of its topic and of its function too. */
export const BENCH_PREFIX = 'iii-bench-';
/** Time for each step of tidying up. */
const STEP_MS = 5_000;

/** Ends the jobs of a bench in one queue, also dead ones; others stay. */
export async function discardJobsOf(
  functionId: string,
  queue: string,
  engine: AdminClient,
): Promise<void> {
  for (const action of ['cancel', 'discard'] as const) {
    const { id } = await engine.call('iii::task::start', {
      ...{ action, queue, where: `function="${functionId}"`, noUndo: true },
    });
    await engine.call('iii::task::wait', { id, timeoutMs: STEP_MS });
  }
}

/**
 * Takes away what benches left behind that were killed: subscriptions and jobs for a function of a
 * bench that no worker offers any more, at no engine. Answers how many benches that were. What the
 * token may not do, or the engine does not know, is left as it is: it harms no measurement.
 */
export async function clearLeftBehind(engine: AdminClient): Promise<number> {
  const cleared = new Set<string>();
  try {
    const { topics } = await engine.call('iii::topic::list', {});
    for (const { topic, functionId, queue } of topics.flatMap((view) => view.subscriptions)) {
      if (topic !== functionId || !(await isLeftBehind(functionId, engine))) continue;
      await discardJobsOf(functionId, queue, engine);
      await engine.call('iii::topic::unsubscribe', { topic, functionId });
      cleared.add(functionId);
    }
    const { queues } = await engine.call('iii::queue::list', {});
    for (const { name: queue } of queues.filter(({ waiting }) => waiting > 0)) {
      const { waitingFor } = await engine.call('iii::queue::get', { queue });
      for (const { functionId } of waitingFor) {
        if (!functionId.startsWith(BENCH_PREFIX)) continue;
        await discardJobsOf(functionId, queue, engine);
        cleared.add(functionId);
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof IiiError)) throw thrown;
  }
  return cleared.size;
}

async function isLeftBehind(functionId: string, engine: AdminClient): Promise<boolean> {
  if (!functionId.startsWith(BENCH_PREFIX)) return false;
  const { offers, elsewhere } = await engine.call('iii::function::get', { functionId });
  return offers.length + elsewhere === 0;
}
