import type { EngineEvent } from '../engine/events.ts';

/** What a worker last said of its process; `null` where it said nothing. */
export interface WorkerGauges {
  readonly rssBytes: number | null;
  readonly heapUsedBytes: number | null;
  readonly heapTotalBytes: number | null;
  readonly externalBytes: number | null;
  readonly cpuPercent: number | null;
  readonly cpuUserMicros: number | null;
  readonly cpuSystemMicros: number | null;
  readonly eventLoopLagMs: number | null;
  readonly uptimeSeconds: number | null;
}

/** The gauges of one worker. */
interface HeardGauges {
  readonly gauges: WorkerGauges;
  /** When the last of them came, in milliseconds since the epoch. */
  readonly at: number;
}

const PREFIX = 'iii.worker.';
const NAMES: ReadonlyMap<string, keyof WorkerGauges> = new Map([
  ['memory.rss', 'rssBytes'],
  ['memory.heap_used', 'heapUsedBytes'],
  ['memory.heap_total', 'heapTotalBytes'],
  ['memory.external', 'externalBytes'],
  ['cpu.percent', 'cpuPercent'],
  ['cpu.user_micros', 'cpuUserMicros'],
  ['cpu.system_micros', 'cpuSystemMicros'],
  ['event_loop.lag_ms', 'eventLoopLagMs'],
  ['uptime_seconds', 'uptimeSeconds'],
]);
const NOTHING: WorkerGauges = {
  rssBytes: null,
  heapUsedBytes: null,
  heapTotalBytes: null,
  externalBytes: null,
  cpuPercent: null,
  cpuUserMicros: null,
  cpuSystemMicros: null,
  eventLoopLagMs: null,
  uptimeSeconds: null,
};

/**
 * The gauges that SDKs send as metrics, by worker. They come over a connection of their own, which
 * only their attribute `worker.id` ties to the worker.
 */
export class WorkerGaugeBoard {
  readonly #isWorker: (workerId: string) => boolean;
  readonly #heard = new Map<string, HeardGauges>();

  constructor(isWorker: (workerId: string) => boolean) {
    this.#isWorker = isWorker;
  }

  get(workerId: string): WorkerGauges | null {
    return this.heard(workerId)?.gauges ?? null;
  }

  heard(workerId: string): HeardGauges | undefined {
    return this.#heard.get(workerId);
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    if (event.kind === 'worker_disconnected') this.#heard.delete(event.workerId);
  };

  /**
   * @param request an export request of metrics, parsed; what is not understood is passed over
   * @param at when it came, in milliseconds since the epoch
   */
  record(request: unknown, at: number): void {
    for (const resource of itemsOf(request, 'resourceMetrics')) {
      for (const scope of itemsOf(resource, 'scopeMetrics')) {
        for (const metric of itemsOf(scope, 'metrics')) this.#recordMetric(metric, at);
      }
    }
  }

  #recordMetric(metric: unknown, at: number): void {
    const name = memberOf(metric, 'name');
    if (typeof name !== 'string' || !name.startsWith(PREFIX)) return;
    const key = NAMES.get(name.slice(PREFIX.length));
    if (key === undefined) return;
    for (const point of itemsOf(memberOf(metric, 'gauge'), 'dataPoints')) {
      const workerId = workerOf(point);
      const value = Number(memberOf(point, 'asDouble') ?? memberOf(point, 'asInt') ?? Number.NaN);
      if (workerId === undefined || !Number.isFinite(value) || !this.#isWorker(workerId)) continue;
      const known = this.get(workerId) ?? NOTHING;
      this.#heard.set(workerId, { gauges: { ...known, [key]: value }, at });
    }
  }
}

function workerOf(point: unknown): string | undefined {
  const attribute = itemsOf(point, 'attributes').find(
    (item) => memberOf(item, 'key') === 'worker.id',
  );
  const id = memberOf(memberOf(attribute, 'value'), 'stringValue');
  return typeof id === 'string' ? id : undefined;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function itemsOf(value: unknown, name: string): readonly unknown[] {
  const items = memberOf(value, name);
  return Array.isArray(items) ? items : [];
}
