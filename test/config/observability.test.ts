import { describe, expect, it } from 'vitest';
import type { LoadedConfig } from '../../src/config/config.ts';
import { OBSERVABILITY_KEYS } from '../../src/config/observability-keys.ts';
import { findings, parse } from './config-fixture.ts';

type Environment = Readonly<Record<string, string>>;

const COLLECTOR = 'http://collector:4318';
const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

/** One entry of the module in the newer form. */
function load(config: Readonly<Record<string, unknown>>, env: Environment = {}): LoadedConfig {
  return parse(JSON.stringify({ workers: [{ name: 'iii-observability', config }] }), { env });
}

/** What is exported, when the file has no word about it. */
const loadBare = (env: Environment): LoadedConfig => parse('port: 1', { env });

const read = ({ config }: LoadedConfig) => config?.observability;

describe('the module of observability', () => {
  const CONFIG = {
    exporter: 'otlp',
    endpoint: `${COLLECTOR}/`,
    service_name: 'shop',
    service_namespace: 'west',
    service_version: '1.2.3',
    sampling_ratio: 0.25,
    metrics_enabled: false,
    logs_exporter: 'both',
  };

  it.each([
    ['workers', 'name', 'iii-observability'],
    ['workers', 'name', 'observability'],
    ['modules', 'class', 'modules::observability::OtelModule'],
  ])('is read under %s by its %s %s', (list, key, name) => {
    const loaded = parse(JSON.stringify({ [list]: [{ [key]: name, config: CONFIG }] }));
    expect(findings(loaded)).toEqual([]);
    expect(read(loaded)).toEqual({
      signals: { traces: true, metrics: false, logs: true },
      urls: {
        traces: `${COLLECTOR}/v1/traces`,
        metrics: `${COLLECTOR}/v1/metrics`,
        logs: `${COLLECTOR}/v1/logs`,
      },
      headers: new Map(),
      serviceName: 'shop',
      serviceNamespace: 'west',
      serviceVersion: '1.2.3',
      samplingRatio: 0.25,
    });
  });

  it.each([
    ['has nothing in it', {}],
    ['keeps traces in memory', { exporter: 'memory', endpoint: COLLECTOR }],
    ['is disabled', { enabled: false, exporter: 'otlp', endpoint: COLLECTOR }],
  ])('exports nothing when it %s', (_, config) => {
    const loaded = load(config);
    expect(findings(loaded)).toEqual([]);
    expect(read(loaded)).toBeNull();
  });

  it('exports to this machine when it names no endpoint', () => {
    expect(read(load({ exporter: 'otlp' }))?.urls.traces).toBe('http://localhost:4318/v1/traces');
  });

  it('has an exporter for each signal, which follows that of traces', () => {
    const signals = (config: Readonly<Record<string, unknown>>) =>
      read(load({ endpoint: COLLECTOR, ...config }))?.signals;
    expect(signals({})).toEqual({ traces: true, metrics: true, logs: true });
    expect(signals({ metrics_exporter: 'memory', logs_enabled: false })).toEqual({
      traces: true,
      metrics: false,
      logs: false,
    });
    expect(signals({ exporter: 'memory', logs_exporter: 'otlp' })).toEqual({
      traces: false,
      metrics: false,
      logs: true,
    });
  });

  const noticed = Object.entries(OBSERVABILITY_KEYS).flatMap(([key, spec]) =>
    'notice' in spec ? [{ key, ...spec.notice }] : [],
  );
  it.each(noticed)('warns that $key is not followed, and says why', ({ key, code, message }) => {
    const loaded = load({ [key]: 1 });
    expect(loaded.problems).toMatchObject([{ severity: 'warning', code }]);
    expect(loaded.problems[0]?.message).toContain(message);
    expect(loaded.problems[0]?.message).toContain(key);
    expect(loaded.config).not.toBeNull();
  });

  it.each([
    ['an exporter it does not know', { exporter: 'zipkin' }, 'out_of_range'],
    ['a share above 1', { sampling_ratio: 1.5 }, 'out_of_range'],
    ['a word for a switch', { enabled: 'perhaps' }, 'wrong_type'],
    ['a key that is misspelt', { servicename: 'shop' }, 'unknown_key'],
  ])('refuses %s', (_, config, code) => {
    const loaded = load(config);
    expect(loaded.problems).toMatchObject([{ severity: 'error', code }]);
    expect(loaded.config).toBeNull();
  });
});

describe('the address of a collector', () => {
  it.each([
    ['no URL', 'collector', 'must be an http or https URL'],
    ['of another protocol', 'grpc://collector:4317', 'must be an http or https URL'],
    ['with a password', 'http://me:hidden@collector:4318', 'must not hold a password'],
  ])('is refused when it is %s, in the file and in the environment', (_, url, reason) => {
    const inFile = load({ endpoint: url });
    expect(findings(inFile)).toEqual([expect.stringMatching(/^out_of_range 1:\d+$/)]);
    const inEnvironment = loadBare({ [ENDPOINT]: url });
    expect(findings(inEnvironment)).toEqual(['out_of_range -:-']);
    for (const [loaded, name] of [
      [inFile, 'endpoint'],
      [inEnvironment, ENDPOINT],
    ] as const) {
      expect(loaded.problems[0]?.message).toBe(`\`${name}\` ${reason}`);
      expect(JSON.stringify(loaded.problems)).not.toContain('hidden');
      expect(loaded.config).toBeNull();
    }
  });

  it('gets a warning when its port is that of gRPC', () => {
    const loaded = load({ endpoint: 'http://collector:4317' });
    expect(findings(loaded)).toEqual([expect.stringMatching(/^~no_effect 1:/)]);
    expect(loaded.problems[0]?.hint).toContain('4318');
    expect(read(loaded)?.urls.logs).toBe('http://collector:4317/v1/logs');
  });

  it('keeps its path', () => {
    const { urls } = read(load({ endpoint: `${COLLECTOR}/team/` })) ?? {};
    expect(urls?.traces).toBe(`${COLLECTOR}/team/v1/traces`);
  });
});

describe('the variables of OpenTelemetry', () => {
  it('are enough without a word in the file', () => {
    const loaded = loadBare({
      [ENDPOINT]: COLLECTOR,
      OTEL_SERVICE_NAME: 'depot',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://logs:9/in',
    });
    expect(findings(loaded)).toEqual([]);
    expect(read(loaded)).toMatchObject({
      serviceName: 'depot',
      urls: { traces: `${COLLECTOR}/v1/traces`, logs: 'http://logs:9/in' },
    });
  });

  it('lose against an endpoint and a name in the file', () => {
    const loaded = load(
      { endpoint: COLLECTOR, service_name: 'shop' },
      {
        [ENDPOINT]: 'http://elsewhere:4318',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://elsewhere:4318/v1/traces',
        OTEL_SERVICE_NAME: 'depot',
      },
    );
    expect(read(loaded)).toMatchObject({
      serviceName: 'shop',
      urls: { traces: `${COLLECTOR}/v1/traces` },
    });
  });

  it.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_ENABLED: 'false' }])(
    'switch everything off, whatever the file says: %o',
    (env) => {
      expect(read(load({ endpoint: COLLECTOR }, env as Environment))).toBeNull();
    },
  );

  it('count as absent when they are empty', () => {
    expect(read(loadBare({ [ENDPOINT]: '', OTEL_SERVICE_NAME: '' }))).toBeNull();
    const named = loadBare({ [ENDPOINT]: COLLECTOR, OTEL_SERVICE_NAME: '' });
    expect(read(named)?.serviceName).toBe('iii');
  });

  it('give headers, which are decoded, and not shown', () => {
    const text = 'Authorization=Basic%20abc%3D,x-team = blue ,broken,=empty,bad name=1,odd=100%';
    const headers = read(
      loadBare({ [ENDPOINT]: COLLECTOR, OTEL_EXPORTER_OTLP_HEADERS: text }),
    )?.headers;
    const shown = [...(headers ?? [])].map(([name, value]) => [name, value.reveal()]);
    expect(shown).toEqual([
      ['authorization', 'Basic abc='],
      ['x-team', 'blue'],
      ['odd', '100%'],
    ]);
    expect(JSON.stringify([...(headers ?? [])])).not.toContain('abc');
  });
});
