import { IiiError } from '../../base/errors.ts';
import type { Binding } from '../../engine/bindings.ts';
import type { Engine } from '../../engine/engine.ts';
import { functionEntry, isInternal, workerName } from '../../engine/function-entry.ts';
import type { FunctionListing } from '../../engine/functions.ts';
import type { Worker } from '../../engine/workers.ts';
import { invalid, type Input } from '../input.ts';
import type { AdminParts, Handler } from './handler.ts';
import { latestMetrics } from './latest-metrics.ts';

/** Functions one call of `engine::functions::info` may ask for. */
const MAX_INFOS = 32;

/**
 * The listings of the worker protocol (wire-protocol.md §5.3). Each answers the members of both eras
 * of the original, so that old and new SDKs find what they look for.
 */
export function listingHandlers({ engine, gauges }: AdminParts): Readonly<Record<string, Handler>> {
  return {
    'engine::functions::list': (input) =>
      Promise.resolve({
        functions: selectFunctions(engine, input).map(functionEntry),
      }),
    'engine::functions::info': (input) => Promise.resolve(functionInfos(engine, input)),
    'engine::workers::list': (input) =>
      Promise.resolve({
        workers: selectWorkers(engine, input).map((worker) => workerEntry(worker, gauges)),
        timestamp: engine.clock.now(),
      }),
    'engine::workers::info': (input) =>
      Promise.resolve(workerInfo(engine, gauges, input.string('name'))),
    'engine::triggers::list': (input, call) =>
      Promise.resolve({
        triggers: wantsTriggerInstances(call.caller)
          ? selectBindings(engine, input).map(bindingEntry)
          : typeEntries(engine),
      }),
    'engine::registered-triggers::list': (input) =>
      Promise.resolve({
        registered_triggers: selectBindings(engine, input).map((binding) => ({
          ...bindingEntry(binding),
          worker_name: binding.owner?.profile.name ?? 'engine',
          config_summary: JSON.stringify(binding.config),
          ...engine.bindings.factsOf(binding),
        })),
      }),
    'engine::trigger-types::list': () =>
      Promise.resolve({
        trigger_types: typeEntries(engine),
      }),
  };
}

/** `engine::triggers::list` changed its meaning with 0.13: before, it listed instances. */
function wantsTriggerInstances(caller: Worker | null): boolean {
  const version = /^(\d+)\.(\d+)\./.exec(caller?.profile.version ?? '');
  if (version === null) return false;
  return Number(version[1]) === 0 && Number(version[2]) < 13;
}

function matches(text: string, input: Input): boolean {
  const search = input.optionalString('search')?.toLowerCase();
  const prefix = input.optionalString('prefix');
  return (
    (search === undefined || text.toLowerCase().includes(search)) &&
    (prefix === undefined || text.startsWith(prefix))
  );
}

function selectFunctions(engine: Engine, input: Input): FunctionListing[] {
  const internal = input.flag('include_internal');
  const one = input.optionalString('worker');
  const names = input.optionalStrings('workers') ?? (one === undefined ? undefined : [one]);
  return engine.functions.list().filter((listing) => {
    if (!internal && isInternal(listing)) return false;
    if (!matches(listing.id, input)) return false;
    return (
      names === undefined || listing.workers.some((worker) => names.includes(worker.profile.name))
    );
  });
}

function selectWorkers(engine: Engine, input: Input): Worker[] {
  const id = input.optionalString('worker_id');
  const runtime = input.optionalString('runtime');
  return engine.workers.list().filter((worker) => {
    if (id !== undefined && worker.id !== id) return false;
    if (runtime !== undefined && worker.profile.runtime !== runtime) return false;
    return matches(worker.profile.name, input);
  });
}

function selectBindings(engine: Engine, input: Input): Binding[] {
  const internal = input.flag('include_internal');
  const type = input.optionalString('trigger_type');
  const functionId = input.optionalString('function_id');
  return engine.bindings.list().filter((binding) => {
    if (!internal && binding.triggerType.startsWith('engine::')) return false;
    if (type !== undefined && binding.triggerType !== type) return false;
    return functionId === undefined || binding.functionId === functionId;
  });
}

function functionInfos(engine: Engine, input: Input): unknown {
  const ids = input.optionalStrings('function_ids');
  if (ids === undefined) return functionInfo(engine, input.string('function_id'));
  if (ids.length > MAX_INFOS) throw invalid(`function_ids may name ${MAX_INFOS} functions at most`);
  return { functions: ids.map((id) => functionInfo(engine, id)) };
}

function functionInfo(engine: Engine, id: string): unknown {
  const listing = engine.functions.get(id);
  if (listing === undefined) throw new IiiError('NOT_FOUND', `Function ${id} not found`);
  return {
    function_id: id,
    worker_name: workerName(listing),
    description: listing.facts.description,
    request_schema: listing.facts.requestFormat,
    response_schema: listing.facts.responseFormat,
    metadata: listing.facts.metadata,
    registered_triggers: engine.bindings
      .list()
      .filter((binding) => binding.functionId === id)
      .map(({ id: bindingId, triggerType, config }) => ({
        id: bindingId,
        trigger_type: triggerType,
        config,
      })),
  };
}

function workerEntry(worker: Worker, gauges: AdminParts['gauges']): Record<string, unknown> {
  const { name, description, version, runtime, os, pid, isolation } = worker.profile;
  return {
    id: worker.id,
    name,
    description,
    runtime,
    version,
    os,
    pid,
    isolation,
    ip_address: worker.remoteAddress,
    internal: false,
    status: 'connected',
    connected_at_ms: worker.connectedAt,
    function_count: worker.functions.size,
    functions: [...worker.functions].sort(),
    active_invocations: worker.inFlight,
    latest_metrics: latestMetrics(worker, gauges),
  };
}

function workerInfo(engine: Engine, gauges: AdminParts['gauges'], name: string): unknown {
  const worker = engine.workers.list().find(({ profile }) => profile.name === name);
  if (worker === undefined) throw new IiiError('NOT_FOUND', `Worker ${name} not found`);
  return {
    worker: workerEntry(worker, gauges),
    functions: [...worker.functions].sort(),
    trigger_types: engine.bindings
      .types()
      .filter(({ provider }) => provider === worker)
      .map(({ id }) => id),
    registered_triggers: engine.bindings
      .list()
      .filter(({ owner }) => owner === worker)
      .map(bindingEntry),
  };
}

function bindingEntry(binding: Binding): Record<string, unknown> {
  return {
    id: binding.id,
    trigger_type: binding.triggerType,
    function_id: binding.functionId,
    config: binding.config,
    metadata: binding.metadata,
  };
}

function typeEntries(engine: Engine): Record<string, unknown>[] {
  const builtIn = engine.bindings.builtIn().map(({ id, description }) => ({
    id,
    description,
    worker_name: 'engine',
    trigger_request_format: null,
    call_request_format: null,
  }));
  const provided = engine.bindings.types().map((type) => ({
    id: type.id,
    description: type.description,
    worker_name: type.provider.profile.name,
    trigger_request_format: type.triggerRequestFormat,
    call_request_format: type.callRequestFormat,
  }));
  return [...builtIn, ...provided];
}
