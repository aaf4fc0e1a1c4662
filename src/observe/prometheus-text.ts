import type { Distribution, Labels, Metric } from './metric.ts';

/** Content type of the text format that every Prometheus since 0.4 reads. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics in the text format of Prometheus, each with what it is. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map((metric) => `${headOf(metric)}${linesOf(metric).join('')}`).join('');
}

function headOf({ name, help, kind }: Metric): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
}

function linesOf(metric: Metric): string[] {
  const { name } = metric;
  if (metric.kind !== 'histogram') {
    return metric.points.map(({ labels, value }) => line(name, labels, value));
  }
  return metric.points.flatMap((point) => histogramLines(name, metric.bounds, point));
}

/** Buckets count what is in those before them too. */
function histogramLines(
  name: string,
  bounds: readonly number[],
  { labels, counts, sum }: Distribution,
): string[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    const le = at < bounds.length ? String(bounds[at]) : '+Inf';
    return line(`${name}_bucket`, { ...labels, le }, total);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)];
}

function line(name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${written.length === 0 ? '' : `{${written.join(',')}}`} ${value}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
