import { Secret } from '../base/secret.ts';
import type { ObservabilityConfig } from './config.ts';
import type { Findings, Spot } from './findings.ts';
import type { ModuleConfig } from './modules.ts';
import { OBSERVABILITY_KEYS } from './observability-keys.ts';
import { readSection } from './section.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ENDPOINT = 'http://localhost:4318';
/** By convention, OTLP over gRPC. The original spoke that. */
const GRPC_PORT = '4317';
type SignalName = 'traces' | 'metrics' | 'logs';

/**
 * Where telemetry goes; `null` when nowhere. What the file says wins over OpenTelemetry's variables,
 * except those that switch everything off.
 */
export function readObservability(
  findings: Findings,
  { config, spot }: ModuleConfig,
  env: Environment,
): ObservabilityConfig | null {
  const section = readSection(
    findings,
    config,
    spot,
    OBSERVABILITY_KEYS,
    'the observability module',
  );
  const { values } = section;
  const switchedOff = env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_ENABLED'] === 'false';
  if (!values.enabled || switchedOff) return null;

  const fromEnv = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined;
  const written = values.endpoint ?? fromEnv;
  const traces = exports(values.exporter, written !== undefined);
  const signals = {
    traces,
    metrics: values.metrics_enabled && exports(values.metrics_exporter, traces),
    logs: values.logs_enabled && exports(values.logs_exporter, traces),
  };
  if (!signals.traces && !signals.metrics && !signals.logs) return null;

  const source = values.endpoint === null ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'endpoint';
  const at =
    values.endpoint === null ? { path: source, range: null } : section.valueSpot('endpoint');
  const base = readUrl(findings, written ?? DEFAULT_ENDPOINT, at, source);
  if (base === undefined) return null;
  const urlOf = (signal: SignalName): string => {
    const name = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`;
    const own = values.endpoint === null ? env[name] : undefined;
    const url = own ? readUrl(findings, own, { path: name, range: null }, name) : undefined;
    return url?.href ?? `${base.href.replace(/\/$/, '')}/v1/${signal}`;
  };
  return {
    signals,
    urls: { traces: urlOf('traces'), metrics: urlOf('metrics'), logs: urlOf('logs') },
    headers: readHeaders(env['OTEL_EXPORTER_OTLP_HEADERS'] ?? ''),
    serviceName: values.service_name ?? (env['OTEL_SERVICE_NAME'] || 'iii'),
    serviceNamespace: values.service_namespace,
    serviceVersion: values.service_version,
    samplingRatio: values.sampling_ratio,
  };
}

function exports(exporter: string | null, otherwise: boolean): boolean {
  return exporter === null ? otherwise : exporter !== 'memory';
}

/** The URL itself is not shown: a password may be in it. */
function readUrl(findings: Findings, text: string, spot: Spot, name: string): URL | undefined {
  if (spot.range !== null) findings.hide(spot.range);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const hint = `Write the address of a collector: ${DEFAULT_ENDPOINT}`;
    findings.error('out_of_range', spot, `\`${name}\` must be an http or https URL`, hint);
    return undefined;
  }
  if (url.username !== '' || url.password !== '') {
    const hint = 'Give it as a header, in the variable OTEL_EXPORTER_OTLP_HEADERS.';
    findings.error('out_of_range', spot, `\`${name}\` must not hold a password`, hint);
    return undefined;
  }
  if (url.port === GRPC_PORT) {
    findings.warn(
      'no_effect',
      spot,
      `Port ${GRPC_PORT} of \`${name}\` is usually that of gRPC, and the engine speaks OTLP over HTTP`,
      'The port for HTTP is 4318 with most collectors.',
    );
  }
  return url;
}

/** `name=value,name=value`, values percent-encoded, as OpenTelemetry says. */
function readHeaders(text: string): ReadonlyMap<string, Secret> {
  const headers = new Map<string, Secret>();
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).trim();
    if (/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      headers.set(name.toLowerCase(), new Secret(decode(pair.slice(at + 1).trim())));
    }
  }
  return headers;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
