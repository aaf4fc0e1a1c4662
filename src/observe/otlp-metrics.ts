import type { Distribution, Metric, Point } from './metric.ts';
import { attributesText, nanosText } from './otlp-json.ts';

/** Counts since the engine started: AGGREGATION_TEMPORALITY_CUMULATIVE of OTLP. */
const CUMULATIVE = 2;

/** Metrics as the list of OTLP/JSON. Times are in milliseconds since the epoch. */
export function otlpMetricsText(
  metrics: readonly Metric[],
  times: { readonly startedAt: number; readonly now: number },
): string {
  const span = `"startTimeUnixNano":"${nanosText(times.startedAt)}","timeUnixNano":"${nanosText(times.now)}"`;
  return `[${metrics.map((metric) => metricText(metric, span)).join(',')}]`;
}

function metricText(metric: Metric, span: string): string {
  const head = `{"name":${JSON.stringify(metric.name)},"description":${JSON.stringify(metric.help)}`;
  switch (metric.kind) {
    case 'gauge':
      return `${head},"gauge":{"dataPoints":[${numbersText(metric.points, span)}]}}`;
    case 'counter':
      return (
        `${head},"sum":{"aggregationTemporality":${CUMULATIVE},"isMonotonic":true` +
        `,"dataPoints":[${numbersText(metric.points, span)}]}}`
      );
    case 'histogram': {
      const points = metric.points.map((point) => distributionText(point, metric.bounds, span));
      return (
        `${head},"histogram":{"aggregationTemporality":${CUMULATIVE}` +
        `,"dataPoints":[${points.join(',')}]}}`
      );
    }
  }
}

function numbersText(points: readonly Point[], span: string): string {
  return points
    .map(({ labels, value }) => {
      return `{"attributes":${attributesText(labels)},${span},"asDouble":${value}}`;
    })
    .join(',');
}

/** 64-bit counts are strings in OTLP/JSON. */
function distributionText(
  { labels, counts, sum }: Distribution,
  bounds: readonly number[],
  span: string,
): string {
  const count = counts.reduce((total, each) => total + each, 0);
  return (
    `{"attributes":${attributesText(labels)},${span},"count":"${count}","sum":${sum}` +
    `,"bucketCounts":${JSON.stringify(counts.map(String))},"explicitBounds":${JSON.stringify(bounds)}}`
  );
}
