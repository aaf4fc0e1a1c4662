import { ChurnMap } from '../base/churn-map.ts';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { Clock } from '../base/clock.ts';
import type { EngineEvent } from '../engine/events.ts';
import type { FiringAlert } from './alerts/alerts.ts';
import type { NoticeCounts } from './alerts/notice-outbox.ts';
import type { Needs, SloStatus } from './queue-needs.ts';
import { Histogram, type Labels, type Metric, type Point } from './metric.ts';

/** Seconds. */
const ATTEMPT_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const FLUSH_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** Queues with a histogram of their own, those of subscriptions among them; the rest share one. */
const MAX_QUEUES = 1_000;
const OTHER_QUEUES = 'other';
const LOOP_RESOLUTION_MS = 20;
const NANOS_PER_SECOND = 1e9;

/** How an attempt ended, as a label. */
type AttemptEnd = 'completed' | 'retried' | 'dead' | 'returned';

/** What the store says about one queue. */
export interface QueueReading {
  readonly waiting: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly oldestWaitingAt: number | null;
  readonly paused: boolean;
  readonly totals: {
    readonly enqueued: number;
    readonly completed: number;
    readonly failed: number;
    readonly dead: number;
    readonly redriven: number;
    readonly discarded: number;
  };
}

/** How fast a queue is, as this engine sees it. */
export interface PaceReading {
  /** `null` when no attempt started lately. */
  readonly waitP95Ms: number | null;
  readonly slo: SloStatus | null;
  readonly needs: Needs | null;
}

type MeasuredQueue = QueueReading & { readonly pace: PaceReading };
type Queues = ReadonlyMap<string, MeasuredQueue>;

export interface EngineMetricsParts {
  readonly clock: Clock;
  readonly version: string;
  readonly readQueues: () => Promise<Queues>;
  /** Without it, or where it answers `null`, there are no alerts. */
  readonly readAlerts?: () => {
    firing(): readonly FiringAlert[];
    readonly counts: NoticeCounts;
  } | null;
  /** Connected workers. */
  readonly countWorkers: () => number;
}

/** The engine's own metrics. What it counts itself begins with the process, what the store counts does not. */
export class EngineMetrics {
  readonly #parts: EngineMetricsParts;
  /** When the attempts that run began, by the id of their job. */
  readonly #runningSince = new ChurnMap<string, number>();
  readonly #attempts = new Map<string, Map<AttemptEnd, Histogram>>();
  readonly #flushes = new Histogram(FLUSH_BOUNDS);
  #hasFlushed = false;
  /** Watched from the first time somebody asks: it wakes the process up many times a second. */
  #loopDelay: IntervalHistogram | undefined;

  constructor(parts: EngineMetricsParts) {
    this.#parts = parts;
  }

  /** To be subscribed to the engine's events. */
  readonly observe = (event: EngineEvent): void => {
    switch (event.kind) {
      case 'attempt_started':
        this.#runningSince.set(event.id, this.#parts.clock.now());
        break;
      case 'job_completed':
        this.#ended(event.queue, event.id, 'completed');
        break;
      case 'job_retried':
        this.#ended(event.queue, event.id, 'retried');
        break;
      case 'job_dead':
        this.#ended(event.queue, event.id, 'dead');
        break;
      case 'job_returned':
        this.#ended(event.queue, event.id, 'returned');
        break;
      case 'stale_answer':
      case 'job_discarded':
        this.#runningSince.delete(event.id);
        break;
      default:
        break;
    }
  };

  /** A write of the store that took this long. */
  readonly flushed = (durationMs: number): void => {
    this.#hasFlushed = true;
    this.#flushes.record(durationMs / 1_000);
  };

  /** All metrics as they are now. */
  async collect(): Promise<readonly Metric[]> {
    const queues = await this.#parts.readQueues();
    return [
      gauge('iii_engine_info', 'Constant 1, with the version of the engine.', [
        { labels: { version: this.#parts.version }, value: 1 },
      ]),
      ...this.#queueMetrics(queues),
      {
        name: 'iii_attempt_duration_seconds',
        help: 'Time from the start of an attempt until its end is on disk, by how it ended.',
        kind: 'histogram',
        bounds: ATTEMPT_BOUNDS,
        points: [...this.#attempts].flatMap(([queue, ends]) =>
          [...ends].map(([outcome, histogram]) => histogram.read({ queue, outcome })),
        ),
      },
      gauge('iii_workers', 'Connected workers.', single(this.#parts.countWorkers())),
      ...this.#alertMetrics(),
      ...this.#storeMetrics(),
      ...this.#processMetrics(),
    ];
  }

  /** Ends what it watches. */
  stop(): void {
    this.#loopDelay?.disable();
  }

  #queueMetrics(queues: Queues): Metric[] {
    const pointsOf = (read: (reading: MeasuredQueue) => readonly Point[]): Point[] =>
      [...queues].flatMap(([queue, reading]) =>
        read(reading).map(({ labels, value }) => ({ labels: { queue, ...labels }, value })),
      );
    const now = this.#parts.clock.now();
    return [
      gauge(
        'iii_queue_jobs',
        'Jobs in a queue, by state.',
        pointsOf(({ waiting, delayed, inFlight, dead }) =>
          byLabel('state', { waiting, delayed, in_flight: inFlight, dead }),
        ),
      ),
      gauge(
        'iii_queue_oldest_waiting_seconds',
        'Age of the oldest job that waits; 0 when none does.',
        pointsOf(({ oldestWaitingAt }) =>
          single(oldestWaitingAt === null ? 0 : Math.max(0, now - oldestWaitingAt) / 1_000),
        ),
      ),
      gauge(
        'iii_queue_paused',
        '1 while a queue is paused.',
        pointsOf(({ paused }) => single(paused ? 1 : 0)),
      ),
      gauge(
        'iii_queue_wait_seconds',
        'How long attempts waited before they started, over the last minute.',
        pointsOf(({ pace }) =>
          pace.waitP95Ms === null ? [] : byLabel('quantile', { '0.95': pace.waitP95Ms / 1_000 }),
        ),
      ),
      gauge(
        'iii_queue_slo_wait_seconds',
        'What 95 of 100 attempts of a queue should wait at most.',
        pointsOf(({ pace }) => (pace.slo === null ? [] : single(pace.slo.waitP95Ms / 1_000))),
      ),
      gauge(
        'iii_queue_slo_met',
        '1 while they do not wait longer, 0 while they do.',
        pointsOf(({ pace }) => (pace.slo === null ? [] : single(pace.slo.isMet ? 1 : 0))),
      ),
      gauge(
        'iii_queue_workers_needed',
        'Workers it takes to keep up with what comes in.',
        pointsOf(({ pace }) => (pace.needs === null ? [] : single(pace.needs.workers))),
      ),
      {
        name: 'iii_jobs_total',
        help: 'What happened to jobs since the data began; failed counts attempts.',
        kind: 'counter',
        points: pointsOf(({ totals }) => byLabel('event', { ...totals })),
      },
    ];
  }

  #alertMetrics(): Metric[] {
    const alerts = this.#parts.readAlerts?.() ?? null;
    if (alerts === null) return [];
    const firing = new Map(
      alerts.firing().map(({ when, queue }) => [`${when} ${queue}`, { alert: when, queue }]),
    );
    return [
      gauge(
        'iii_alerts_firing',
        'Alerts that fire, each 1.',
        [...firing.values()].map((labels) => ({ labels, value: 1 })),
      ),
      {
        name: 'iii_alert_notices_total',
        help: 'What became of the notices of alerts.',
        kind: 'counter',
        points: byLabel('result', { ...alerts.counts }),
      },
    ];
  }

  #storeMetrics(): Metric[] {
    if (!this.#hasFlushed) return [];
    return [
      {
        name: 'iii_store_flush_seconds',
        help: 'Time of one write of the store, until it is on disk.',
        kind: 'histogram',
        bounds: FLUSH_BOUNDS,
        points: [this.#flushes.read({})],
      },
    ];
  }

  #processMetrics(): Metric[] {
    const { user, system } = process.cpuUsage();
    return [
      gauge(
        'iii_event_loop_delay_seconds',
        'How late the event loop was since metrics were read last.',
        this.#readLoopDelay(),
      ),
      gauge(
        'process_resident_memory_bytes',
        'Memory of the process.',
        single(process.memoryUsage.rss()),
      ),
      {
        name: 'process_cpu_seconds_total',
        help: 'CPU time of the process.',
        kind: 'counter',
        points: single((user + system) / 1e6),
      },
    ];
  }

  #readLoopDelay(): readonly Point[] {
    if (this.#loopDelay === undefined) {
      this.#loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
      this.#loopDelay.enable();
      return [];
    }
    const { count, max } = this.#loopDelay;
    // who asks more often than it looks would never let it see anything
    if (count === 0) return [];
    const [median, p99] = [this.#loopDelay.percentile(50), this.#loopDelay.percentile(99)];
    this.#loopDelay.reset();
    const late = (nanos: number): number =>
      Math.max(0, nanos / NANOS_PER_SECOND - LOOP_RESOLUTION_MS / 1_000);
    return byLabel('quantile', { '0.5': late(median), '0.99': late(p99), '1': late(max) });
  }

  /** An end without a beginning here is none of an attempt: a job can become dead without one. */
  #ended(queue: string, id: string, end: AttemptEnd): void {
    const startedAt = this.#runningSince.get(id);
    if (startedAt === undefined) return;
    this.#runningSince.delete(id);
    this.#histogramOf(queue, end).record((this.#parts.clock.now() - startedAt) / 1_000);
  }

  #histogramOf(queue: string, end: AttemptEnd): Histogram {
    const known = this.#attempts.has(queue) || this.#attempts.size < MAX_QUEUES;
    const name = known ? queue : OTHER_QUEUES;
    let ends = this.#attempts.get(name);
    if (ends === undefined) this.#attempts.set(name, (ends = new Map<AttemptEnd, Histogram>()));
    let histogram = ends.get(end);
    if (histogram === undefined) ends.set(end, (histogram = new Histogram(ATTEMPT_BOUNDS)));
    return histogram;
  }
}

function gauge(name: string, help: string, points: readonly Point[]): Metric {
  return { name, help, kind: 'gauge', points };
}

function single(value: number, labels: Labels = {}): readonly Point[] {
  return [{ labels, value }];
}

/** One point for each member, its name as the value of a label. */
function byLabel(label: string, values: Readonly<Record<string, number>>): Point[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
