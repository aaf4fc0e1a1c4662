import type { SpanAttributes } from '../base/tracing.ts';

/** One kind of telemetry, by the name in its path. */
export type Signal = 'traces' | 'metrics' | 'logs';

/** The one member of an export request that counts, by signal. */
export const RESOURCE_MEMBERS: Readonly<Record<Signal, string>> = {
  traces: 'resourceSpans',
  metrics: 'resourceMetrics',
  logs: 'resourceLogs',
};

/** Attributes as OTLP/JSON: a list of keys and typed values. */
export function attributesText(attributes: SpanAttributes): string {
  const items = Object.entries(attributes).map(([key, value]) => ({ key, value: typed(value) }));
  return JSON.stringify(items);
}

function typed(value: string | number | boolean): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Milliseconds since 1970 as nanoseconds, which a number could not hold. */
export function nanosText(ms: number): string {
  return `${Math.round(ms)}000000`;
}
