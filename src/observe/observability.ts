import type { CancelTimer, Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Tracing } from '../base/tracing.ts';
import type { EventListener } from '../engine/events.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import type { Metric } from './metric.ts';
import { attributesText, type Signal } from './otlp-json.ts';
import { otlpMetricsText } from './otlp-metrics.ts';
import { postOtlp, type OtlpTarget } from './post-otlp.ts';
import { Tracer } from './tracer.ts';

/** How often the engine's own metrics are sent, as OpenTelemetry's SDKs do. */
const METRICS_INTERVAL_MS = 60_000;

export interface ObservabilitySettings extends OtlpTarget {
  readonly signals: Readonly<Record<Signal, boolean>>;
  readonly serviceName: string;
  readonly serviceNamespace: string | null;
  readonly serviceVersion: string;
  readonly samplingRatio: number;
}

export interface ObservabilityParts {
  readonly settings: ObservabilitySettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What an engine that exports has besides one that does not. */
export interface Observability {
  /** `null` when traces are not asked for. */
  readonly tracing: Tracing | null;
  readonly exporter: OtlpExporter;
  /** To be subscribed to the engine's events. */
  readonly observe: EventListener;
  readonly isForwarded: (signal: Signal) => boolean;
  /** Sends the engine's own metrics every minute from now on, if they are asked for. */
  watch(collect: () => Promise<readonly Metric[]>): void;
  /** Sends them a last time; what they are read from must still be there. */
  endWatch(): Promise<void>;
  /** Sends what is left, within this time. */
  stop(withinMs: number): Promise<void>;
}

/** Sets up the export of telemetry. No connection is made before there is something to send. */
export function createObservability(parts: ObservabilityParts): Observability {
  const { settings, clock, random, log } = parts;
  const exporter = new OtlpExporter({ send: postOtlp(settings, clock), clock, random, log });
  const { serviceName, serviceNamespace, serviceVersion } = settings;
  const resource = attributesText({
    'service.name': serviceName,
    'service.version': serviceVersion,
    ...(serviceNamespace === null ? {} : { 'service.namespace': serviceNamespace }),
    'service.instance.id': random.uuid(),
  });
  const scope = `"scope":{"name":"iii-engine","version":${JSON.stringify(serviceVersion)}}`;
  const head = `{"resource":{"attributes":${resource}},"scopeSpans":[{${scope},"spans":[`;
  let spans: string[] = [];
  const handOver = (): void => {
    if (spans.length > 0) exporter.add('traces', `${head}${spans.join(',')}]}]}`);
    spans = [];
  };
  const collect = (span: string): void => {
    // spans of one turn share the words around them
    if (spans.push(span) === 1) clock.after(0, handOver);
  };
  const startedAt = clock.now();
  let cancelMetrics: CancelTimer = () => undefined;
  let sendMetrics = (): Promise<void> => Promise.resolve();
  const watch = (collect: () => Promise<readonly Metric[]>): void => {
    sendMetrics = async () => {
      try {
        const text = otlpMetricsText(await collect(), { startedAt, now: clock.now() });
        const piece = `{"resource":{"attributes":${resource}},"scopeMetrics":[{${scope},"metrics":${text}}]}`;
        exporter.add('metrics', piece);
      } catch (thrown) {
        exporter.dropped('metrics', `they could not be read: ${messageOf(thrown)}`);
      }
    };
    const later = (): void => {
      cancelMetrics = clock.after(METRICS_INTERVAL_MS, () => {
        later();
        void sendMetrics();
      });
    };
    later();
  };
  const { samplingRatio } = settings;
  const tracing = settings.signals.traces
    ? new Tracer({ clock, random, samplingRatio, onSpan: collect })
    : null;
  return {
    tracing,
    observe: (event) => {
      if (event.kind !== 'job_dead') return;
      const { queue, id, reason, error, traceparent: parent } = event;
      const attributes = {
        'messaging.system': 'iii-queue',
        'messaging.destination.name': queue,
        'messaging.message.id': id,
        'iii.job.dead_reason': reason,
      };
      const span = { name: `dead_letter ${queue}`, kind: 'internal', parent, attributes } as const;
      tracing?.begin(span).end(error.message, { 'error.type': error.code });
    },
    exporter,
    isForwarded: (signal) => settings.signals[signal],
    watch: (collect) => {
      if (settings.signals.metrics) watch(collect);
    },
    endWatch: () => {
      cancelMetrics();
      return sendMetrics();
    },
    stop: (withinMs) => {
      handOver();
      return exporter.stop(withinMs);
    },
  };
}
