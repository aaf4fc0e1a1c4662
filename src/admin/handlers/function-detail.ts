import { IiiError } from '../../base/errors.ts';
import { nearest } from '../../base/suggest.ts';
import type { Engine } from '../../engine/engine.ts';
import { isInternal } from '../../engine/function-entry.ts';
import type { FunctionListing } from '../../engine/functions.ts';
import type { Worker } from '../../engine/workers.ts';
import type { EngineFacts, QueueStats } from '../../queue/store.ts';
import type { FunctionDetail, FunctionUse, FunctionView } from '../function-contract.ts';
import { otherEngines } from '../other-engines.ts';
import type { AdminParts } from './handler.ts';
import { timeText } from './views.ts';

/** A function as lists show it. */
export function functionView({ id, facts, workers, local }: FunctionListing): FunctionView {
  const remote = facts.invocation === null ? 'worker' : 'http';
  return {
    functionId: id,
    description: facts.description,
    workers: workers.map((worker) => worker.profile.name),
    inFlight: workers.reduce((sum, worker) => sum + callsOf(worker, id), 0),
    kind: local ? 'engine' : remote,
  };
}

/**
 * A function with who offers it and what refers to it.
 * @throws IiiError function_not_found with the nearest one, when nobody offers it and nothing refers to it
 */
export async function describeFunction(parts: AdminParts, id: string): Promise<FunctionDetail> {
  const { engine, activity } = parts;
  const listing = engine.functions.get(id);
  const stats = await engine.store.stats();
  const others = await otherEngines(engine.store, parts.card().id);
  const detail: FunctionDetail = {
    ...(listing === undefined ? notOffered(id) : functionView(listing)),
    offers: (listing?.workers ?? []).map((worker) => offerOf(worker, id)),
    elsewhere: others.reduce((sum, { functions }: EngineFacts) => sum + (functions[id] ?? 0), 0),
    queues: queuesOf(engine, id, stats, (queue) => activity.functionsOf(queue).has(id)),
    triggers: triggersOf(engine, id),
    subscriptions: subscriptionsOf(engine, id, stats),
    requestFormat: listing?.facts.requestFormat ?? null,
    responseFormat: listing?.facts.responseFormat ?? null,
  };
  const { elsewhere, queues, triggers, subscriptions } = detail;
  const isReferredTo = queues.length + triggers.length + subscriptions.length > 0;
  if (listing === undefined && elsewhere === 0 && !isReferredTo) throw notFound(engine, id);
  return detail;
}

function notOffered(functionId: string) {
  return { functionId, description: null, workers: [], inFlight: 0, kind: null };
}

function callsOf({ calls }: Worker, functionId: string): number {
  let count = 0;
  for (const call of calls.values()) if (call.functionId === functionId) count++;
  return count;
}

function offerOf(worker: Worker, functionId: string): FunctionDetail['offers'][number] {
  const { name, runtime, version } = worker.profile;
  return {
    workerId: worker.id,
    worker: name,
    runtime: [runtime, version ?? ''].join(' ').trim(),
    connectedAt: timeText(worker.connectedAt),
    inFlight: callsOf(worker, functionId),
    concurrency: worker.limit,
  };
}

function queuesOf(
  { topics }: Engine,
  functionId: string,
  stats: ReadonlyMap<string, QueueStats>,
  ranIn: (queue: string) => boolean,
): FunctionDetail['queues'] {
  return [...stats].flatMap(([queue, { waitingByFunction }]) => {
    const waiting = waitingByFunction.get(functionId) ?? 0;
    if (topics.get(queue) !== undefined || (waiting === 0 && !ranIn(queue))) return [];
    return [{ queue, waiting }];
  });
}

function triggersOf({ bindings }: Engine, functionId: string): FunctionDetail['triggers'] {
  return bindings.list().flatMap((binding) => {
    const { condition_function_id: condition } = Object(binding.config) as Record<string, unknown>;
    const as = useOf(functionId, binding.functionId, condition);
    const { id, triggerType: type, config, owner } = binding;
    return as === null ? [] : [{ id, type, as, config, worker: owner?.profile.name ?? null }];
  });
}

function subscriptionsOf(
  { topics }: Engine,
  id: string,
  stats: ReadonlyMap<string, QueueStats>,
): FunctionDetail['subscriptions'] {
  return topics.list().flatMap(({ topic, functionId, conditionFunctionId, policy }) => {
    const as = useOf(id, functionId, conditionFunctionId);
    const { waiting = 0, delayed = 0, dead = 0 } = stats.get(policy.name) ?? {};
    const queue = policy.name;
    return as === null ? [] : [{ topic, queue, as, waiting: waiting + delayed, dead }];
  });
}

function useOf(id: string, functionId: string, condition: unknown): FunctionUse | null {
  if (functionId === id) return 'function';
  return condition === id ? 'condition' : null;
}

function notFound({ functions }: Engine, id: string): IiiError {
  const known = functions.list();
  const shown = known.filter((listing) => !isInternal(listing));
  const idsOf = (listings: readonly FunctionListing[]) => listings.map((listing) => listing.id);
  const guess = nearest(id, idsOf(shown)) ?? nearest(id, idsOf(known));
  return new IiiError('function_not_found', `function '${id}' is not known`, {
    reason: 'no worker offers it, and no queue, trigger or subscription refers to it',
    hint: `${guess === undefined ? '' : `Did you mean '${guess}'? All functions: `}iii function list`,
    details: { functionId: id },
  });
}
