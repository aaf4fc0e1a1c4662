import type { KeyNotice, KeyTable } from './key-spec.ts';

const nothingKept = {
  kind: 'any',
  doc: 'No effect: telemetry is passed on and not kept.',
  notice: { code: 'no_effect', message: 'telemetry is passed on and not kept' },
} as const;
const ownBatches = {
  kind: 'any',
  doc: 'No effect: batches go out every second, or when they are large enough.',
  notice: { code: 'no_effect', message: 'the engine decides itself when a batch goes out' },
} as const;
const ownLog = {
  kind: 'any',
  doc: 'No effect: the engine’s own log is set on the command line.',
  notice: { code: 'no_effect', message: 'use --log-level and --log-format of `iii serve`' },
} as const;
const unsupported = (message: string): { kind: 'any'; doc: string; notice: KeyNotice } => ({
  kind: 'any',
  doc: 'Not supported.',
  notice: { code: 'unsupported', message },
});

export const OBSERVABILITY_KEYS = {
  enabled: { kind: 'boolean', default: true, doc: 'Whether anything is exported at all.' },
  service_name: {
    kind: 'text',
    default: null,
    doc: 'Name of the engine in traces; without it `OTEL_SERVICE_NAME`, or `iii`.',
  },
  service_version: { kind: 'text', default: null, doc: 'Version in traces; the engine’s own.' },
  service_namespace: { kind: 'text', default: null, doc: 'Namespace in traces.' },
  exporter: {
    kind: 'choice',
    of: ['memory', 'otlp', 'both'],
    default: null,
    doc: 'Whether traces are exported. Without it: when there is an endpoint. `memory`: no.',
  },
  endpoint: {
    kind: 'text',
    default: null,
    doc: 'Base URL of a collector for OTLP over HTTP. Without it `OTEL_EXPORTER_OTLP_ENDPOINT`, or `http://localhost:4318`.',
  },
  sampling_ratio: {
    kind: 'number',
    min: 0,
    max: 1,
    default: 1,
    doc: 'Share of the traces that begin in the engine that is exported; of others their producer decides.',
  },
  sampling: unsupported('use sampling_ratio; a trace that came sampled stays so'),
  memory_max_spans: nothingKept,
  metrics_enabled: { kind: 'boolean', default: true, doc: 'Whether metrics are exported.' },
  metrics_exporter: {
    kind: 'choice',
    of: ['memory', 'otlp'],
    default: null,
    doc: 'Whether metrics are exported. Without it: when traces are. `memory`: no.',
  },
  metrics_retention_seconds: nothingKept,
  metrics_max_count: nothingKept,
  logs_enabled: {
    kind: 'boolean',
    default: true,
    doc: 'Whether log records of workers are exported.',
  },
  logs_exporter: {
    kind: 'choice',
    of: ['memory', 'otlp', 'both'],
    default: null,
    doc: 'Whether log records of workers are exported. Without it: when traces are. `memory`: no.',
  },
  logs_max_count: nothingKept,
  logs_retention_seconds: nothingKept,
  logs_batch_size: ownBatches,
  logs_flush_interval_ms: ownBatches,
  logs_sampling_ratio: unsupported('every log record of a worker is passed on'),
  logs_console_output: unsupported('log records of workers are not printed by the engine'),
  alerts: unsupported('write alerts at the top level of the file, in the form of this engine'),
  level: ownLog,
  format: ownLog,
  trace_storage: nothingKept,
  live_spans: nothingKept,
  collapse_spans: nothingKept,
} as const satisfies KeyTable;
