import type { WorkerView } from '../../admin/contract.ts';
import type { FunctionView } from '../../admin/function-contract.ts';
import type { ListView } from '../output/output.ts';

export const workerList: ListView<WorkerView> = {
  columns: [
    { title: 'NAME', importance: 100, min: 8, copied: true, value: (worker) => worker.name },
    { title: 'ID', importance: 30, value: (worker) => worker.id },
    {
      title: 'RUNTIME',
      importance: 48,
      value: (worker) => [worker.runtime, worker.version ?? ''].join(' ').trim(),
    },
    { title: 'STATUS', importance: 40, value: (worker) => worker.status },
    {
      title: 'FUNCTIONS',
      importance: 70,
      align: 'right',
      value: (worker) => worker.functions.length,
    },
    { title: 'IN FLIGHT', importance: 80, align: 'right', value: (worker) => worker.inFlight },
    {
      title: 'CPU',
      importance: 65,
      align: 'right',
      value: ({ gauges }) =>
        typeof gauges?.cpuPercent === 'number' ? `${gauges.cpuPercent.toFixed(1)}%` : '',
    },
    {
      title: 'MEMORY',
      importance: 64,
      align: 'right',
      value: ({ gauges }) =>
        typeof gauges?.rssBytes === 'number' ? `${(gauges.rssBytes / 2 ** 20).toFixed(1)} MiB` : '',
    },
    {
      title: 'CONNECTED',
      importance: 55,
      value: (worker, words) => words.time(worker.connectedAt),
    },
  ],
  name: (worker) => worker.id,
  empty: 'No workers are connected.',
};

export const functionList: ListView<FunctionView> = {
  columns: [
    {
      title: 'FUNCTION',
      importance: 100,
      min: 12,
      copied: true,
      value: (offered) => offered.functionId,
    },
    { title: 'KIND', importance: 45, value: (offered) => offered.kind },
    {
      title: 'WORKERS',
      importance: 80,
      align: 'right',
      value: (offered) => offered.workers.length,
    },
    { title: 'IN FLIGHT', importance: 70, align: 'right', value: (offered) => offered.inFlight },
    {
      title: 'DESCRIPTION',
      importance: 40,
      min: 12,
      value: (offered) => offered.description ?? '',
    },
  ],
  name: (offered) => offered.functionId,
  empty: 'No functions are registered. A worker that connects brings its own.',
};
