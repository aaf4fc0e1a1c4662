import type { WorkerGaugeBoard } from '../../observe/worker-gauges.ts';
import type { Worker } from '../../engine/workers.ts';

/**
 * What a worker last said of its process, under the names the SDKs have for it (their
 * `WorkerMetrics`): what it did not say is absent. `null` when it said nothing at all.
 */
export function latestMetrics(
  worker: Worker,
  board: WorkerGaugeBoard | undefined,
): Readonly<Record<string, unknown>> | null {
  const heard = board?.heard(worker.id);
  if (heard === undefined) return null;
  const { gauges, at } = heard;
  const values = {
    memory_heap_used: gauges.heapUsedBytes,
    memory_heap_total: gauges.heapTotalBytes,
    memory_rss: gauges.rssBytes,
    memory_external: gauges.externalBytes,
    cpu_user_micros: gauges.cpuUserMicros,
    cpu_system_micros: gauges.cpuSystemMicros,
    cpu_percent: gauges.cpuPercent,
    event_loop_lag_ms: gauges.eventLoopLagMs,
    uptime_seconds: gauges.uptimeSeconds,
  };
  return {
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)),
    timestamp_ms: at,
    runtime: worker.profile.runtime,
  };
}
