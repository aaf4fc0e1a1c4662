import { Secret } from '../base/secret.ts';
import { describeAlert } from './alerts.ts';
import type { Config, ObservabilityConfig, StoreConfig } from './config.ts';
import { writeDuration } from './durations.ts';
import type { ModuleKey } from './modules.ts';

/** What a setting can be, as JSON. Secrets are not values: see `Setting.secret`. */
export type SettingValue =
  | string
  | number
  | boolean
  | null
  | readonly string[]
  | { readonly max: number; readonly per_ms: number };

/** One resolved value of a configuration, under a name that is the same in both dialects. */
export interface Setting {
  /** Such as `http.port` or `queues.payment.max_retries`: the key of the file, and what it is of. */
  readonly key: string;
  /** `null`: nothing, none, or no limit. A secret in it is masked. */
  readonly value: SettingValue;
  /** What the mask stands for; to be compared, never to be shown. */
  readonly secret?: Secret | undefined;
}

/** A step from a map or list of the file to what is in it. */
export type Step = string | { readonly named: string };

/** Where a value may be written: a module, and the way from its `config`. */
export interface Place {
  readonly module: ModuleKey | 'top';
  readonly steps: readonly Step[];
}

/** An option of `iii serve` that decides settings; `nothingOnDisk` is `--store memory`. */
export type OptionName = 'host' | 'port' | 'httpPort' | 'store' | 'nothingOnDisk' | 'graceMs';

/** A setting with all that may have decided it. */
export interface SettingSource extends Setting {
  /** Where it may be written, what wins first. */
  readonly places: readonly Place[];
  /** The option of `iii serve` that wins over the file. */
  readonly option?: OptionName;
  /** Environment variables that are asked when the file says nothing, in this order. */
  readonly variables?: readonly string[];
}

/** Every setting but those of queues, with its sources, in the order in which they are shown. */
export function configSettings(config: Config): readonly SettingSource[] {
  const { listen, http, urlPolicy } = config;
  const inMemory = { option: 'nothingOnDisk' } as const;
  return [
    {
      key: 'host',
      value: listen.host,
      places: [at('workerManager', 'host'), at('top', 'host')],
      option: 'host',
    },
    {
      key: 'port',
      value: listen.port,
      places: [at('workerManager', 'port'), at('top', 'port')],
      option: 'port',
    },
    {
      key: 'handshake_timeout_ms',
      value: listen.handshakeTimeoutMs,
      places: [at('workerManager', 'handshake_timeout_ms')],
    },
    top('allowed_origins', listen.allowedOrigins),
    top('allowed_hosts', listen.allowedHosts),
    top('max_job_bytes', config.maxJobBytes),
    { ...top('shutdown_grace_ms', config.shutdownGraceMs), option: 'graceMs' },
    alertSetting(config),
    top('undo_window', writeDuration(config.undoWindowMs)),
    ...config.tokens.map(({ name, role, sha256 }) => ({
      key: `tokens.${name}`,
      value: role,
      secret: new Secret(sha256),
      places: [at('top', 'auth', 'tokens', { named: name })],
    })),
    ...storeSettings('store', config.store, 'queue', { option: 'store' }),
    {
      key: 'http.host',
      value: http.host,
      places: [at('http', 'host'), at('top', 'host')],
      option: 'host',
    },
    { ...of('http', 'http', 'port', http.port), option: 'httpPort' },
    of('http', 'http', 'default_timeout', http.timeoutMs),
    of('http', 'http', 'concurrency_request_limit', http.maxConcurrent),
    of('http', 'http', 'cors', http.cors === null ? null : 'on'),
    ...(http.cors === null
      ? []
      : [
          of('http', 'http', 'cors.allowed_origins', http.cors.allowedOrigins ?? ['*']),
          of('http', 'http', 'cors.allowed_methods', http.cors.allowedMethods ?? ['*']),
        ]),
    of('http', 'http', 'middleware', http.middlewareIds),
    ...(config.state.store === null
      ? [{ key: 'state.store', value: null, places: [at('state', 'adapter')], ...inMemory }]
      : storeSettings('state.store', config.state.store, 'state', inMemory)),
    of('state', 'state', 'triggers_enabled', config.state.triggersEnabled),
    of('state', 'state', 'max_value_bytes', config.state.maxValueBytes),
    ...(config.cronStore === null
      ? [{ key: 'cron.store', value: null, places: [at('cron', 'adapter')] }]
      : storeSettings('cron.store', config.cronStore, 'cron', {})),
    of('http_functions', 'httpFunctions', 'security.url_allowlist', urlPolicy.allowlist),
    of(
      'http_functions',
      'httpFunctions',
      'security.block_private_ips',
      urlPolicy.blockPrivateAddresses,
    ),
    of('http_functions', 'httpFunctions', 'security.require_https', urlPolicy.requireHttps),
    ...telemetrySettings(config.observability),
  ];
}

/** All alerts together: they have no names of their own. */
function alertSetting({ alerts }: Config): SettingSource {
  const shown = top('alerts', alerts.map(describeAlert));
  if (alerts.length === 0) return shown;
  const hidden = alerts.map(({ url, auth }) => [url.reveal(), auth]);
  return { ...shown, secret: new Secret(JSON.stringify(hidden)) };
}

function storeSettings(
  key: string,
  store: StoreConfig,
  module: ModuleKey,
  common: Pick<SettingSource, 'option'>,
): readonly SettingSource[] {
  const inAdapter = (name: string, value: SettingValue): SettingSource => ({
    key: `${key}.${name}`,
    value,
    places: [at(module, 'adapter', 'config', name)],
    ...common,
  });
  const whole = { key, value: store.kind, places: [at(module, 'adapter')], ...common };
  switch (store.kind) {
    case 'memory':
      return [whole];
    case 'file':
      return [whole, inAdapter('file_path', store.path)];
    case 'redis':
      return [
        whole,
        { ...inAdapter('redis_url', maskUrl(store.url)), secret: store.url },
        inAdapter('key_prefix', store.keyPrefix),
        inAdapter('lease_ms', store.leaseMs),
        inAdapter('allow_eviction', store.allowEviction),
      ];
    case 'rabbitmq':
      return [
        whole,
        { ...inAdapter('amqp_url', maskUrl(store.url)), secret: store.url },
        inAdapter('queue_mode', store.queueMode),
      ];
  }
}

function telemetrySettings(telemetry: ObservabilityConfig | null): readonly SettingSource[] {
  const setting = (
    name: string,
    value: SettingValue,
    ...variables: readonly string[]
  ): SettingSource => ({
    ...of('observability', 'observability', name, value),
    ...(variables.length === 0 ? {} : { variables }),
  });
  const off = ['OTEL_SDK_DISABLED', 'OTEL_ENABLED'];
  if (telemetry === null) return [setting('enabled', false, ...off)];
  const { signals, urls } = telemetry;
  const endpoint = (signal: 'traces' | 'metrics' | 'logs'): SettingSource => ({
    key: `observability.endpoint.${signal}`,
    value: signals[signal] ? maskUrl(new Secret(urls[signal])) : null,
    secret: new Secret(urls[signal]),
    places: [at('observability', 'endpoint')],
    variables: [
      `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`,
      'OTEL_EXPORTER_OTLP_ENDPOINT',
    ],
  });
  return [
    setting('enabled', true),
    ...(['traces', 'metrics', 'logs'] as const).map(endpoint),
    setting('service_name', telemetry.serviceName, 'OTEL_SERVICE_NAME'),
    setting('service_namespace', telemetry.serviceNamespace),
    setting('service_version', telemetry.serviceVersion),
    setting('sampling_ratio', telemetry.samplingRatio),
    ...[...telemetry.headers].map(([name, secret]) => ({
      key: `observability.headers.${name}`,
      value: '***',
      secret,
      places: [],
      variables: ['OTEL_EXPORTER_OTLP_HEADERS'],
    })),
  ];
}

function top(key: string, value: SettingValue): SettingSource {
  return { key, value, places: [at('top', key)] };
}

function of(group: string, module: ModuleKey, name: string, value: SettingValue): SettingSource {
  return { key: `${group}.${name}`, value, places: [at(module, ...name.split('.'))] };
}

function at(module: Place['module'], ...steps: readonly Step[]): Place {
  return { module, steps };
}

/** The address of a server without its password. */
function maskUrl(url: Secret): string {
  const shown = new URL(url.reveal());
  if (shown.password !== '') shown.password = '***';
  for (const name of shown.searchParams.keys()) shown.searchParams.set(name, '***');
  return shown.href;
}
