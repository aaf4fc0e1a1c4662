import { isInternal } from '../../engine/function-entry.ts';
import type { FunctionListing } from '../../engine/functions.ts';
import type { Worker } from '../../engine/workers.ts';
import type { FunctionView, WorkerView } from '../contract.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

export function workerHandlers({
  engine,
  gauges,
}: AdminParts): AdminHandlers<'iii::worker::list' | 'iii::function::list'> {
  return {
    'iii::worker::list': () =>
      Promise.resolve({
        workers: engine.workers.list().map((worker) => workerView(worker, gauges)),
      }),
    'iii::function::list': (input) => {
      const all = input.flag('includeInternal');
      const functions = engine.functions
        .list()
        .filter((listing) => all || !isInternal(listing))
        .map(functionView);
      return Promise.resolve({ functions });
    },
  };
}

function workerView(worker: Worker, gauges: AdminParts['gauges']): WorkerView {
  const { name, runtime, version, os, pid } = worker.profile;
  return {
    id: worker.id,
    name,
    runtime,
    version,
    os,
    pid,
    status: 'connected',
    connectedAt: timeText(worker.connectedAt),
    functions: [...worker.functions].sort(),
    inFlight: worker.inFlight,
    gauges: gauges?.get(worker.id) ?? null,
  };
}

function functionView({ id, facts, workers, local }: FunctionListing): FunctionView {
  let inFlight = 0;
  for (const worker of workers) {
    for (const call of worker.calls.values()) if (call.functionId === id) inFlight++;
  }
  const remote = facts.invocation === null ? 'worker' : 'http';
  return {
    functionId: id,
    description: facts.description,
    workers: workers.map((worker) => worker.profile.name),
    inFlight,
    kind: local ? 'engine' : remote,
  };
}
