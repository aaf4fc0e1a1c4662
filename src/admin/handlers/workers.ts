import { isInternal } from '../../engine/function-entry.ts';
import type { Worker } from '../../engine/workers.ts';
import type { WorkerView } from '../contract.ts';
import { describeFunction, functionView } from './function-detail.ts';
import type { AdminHandlers, AdminParts } from './handler.ts';
import { timeText } from './views.ts';

export function workerHandlers(
  parts: AdminParts,
): AdminHandlers<'iii::worker::list' | 'iii::function::list' | 'iii::function::get'> {
  const { engine, gauges } = parts;
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
    'iii::function::get': (input) => describeFunction(parts, input.string('functionId')),
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
