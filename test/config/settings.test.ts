import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Origin } from '../../src/config/origin.ts';
import { queueSettings, writeQueue } from '../../src/config/queue-settings.ts';
import { readQueuesObject } from '../../src/config/queues-object.ts';
import { configSettings } from '../../src/config/settings.ts';
import { parse } from './config-fixture.ts';

const FILE = `port: 4000
undo_window: 250s
auth:
  tokens:
    - { name: main, role: admin, env: III_TOKEN }
workers:
  - name: iii-http
    config:
      cors: { allowed_origins: ['https://shop.example'] }
  - name: iii-queue
    config:
      queue_configs:
        payment:
          type: fifo
          message_group_field: account
          max_retries: \${RETRIES:10}
          retry_delay: 250
          rate_limit: { max: 5, per_ms: 1000 }
          retention: { completed: 7 }
        "two words": { concurrency: \${CONCURRENCY:2} }
      adapter:
        name: redis
        config: { redis_url: "redis://app:swordfish@cache:6379/2" }
`;
const ENV = { III_TOKEN: 'x'.repeat(40), RETRIES: '12' };

function load(text = FILE, more: Parameters<typeof parse>[1] = {}) {
  const { config, origins, problems } = parse(text, { env: ENV, file: 'app.yaml', ...more });
  if (config === null) throw new Error(JSON.stringify(problems));
  return { config, originOf: (key: string): Origin | undefined => origins.get(key) };
}

function settingsOf(config: Config): Record<string, unknown> {
  const all = [...configSettings(config), ...config.queues.flatMap(queueSettings)];
  return Object.fromEntries(all.map(({ key, value }) => [key, value]));
}

describe('the settings of a configuration', () => {
  it('have the names of the file, whatever its dialect', () => {
    expect(settingsOf(load().config)).toMatchObject({
      port: 4000,
      undo_window: '4m10s',
      'tokens.main': 'admin',
      'http.cors.allowed_origins': ['https://shop.example'],
      'http.cors.allowed_methods': ['*'],
      store: 'redis',
      'store.lease_ms': 10_000,
      'queues.payment.max_retries': 12,
      'queues.payment.rate_limit': { max: 5, per_ms: 1_000 },
      'queues.payment.retention.completed': 7,
      'queues["two words"].concurrency': 2,
      'queues.default.type': 'standard',
    });
  });

  it('show no secret, in no way of printing', () => {
    const { config } = load();
    const text = JSON.stringify(configSettings(config));
    expect(text).toContain('redis://app:***@cache:6379/2');
    expect(text).not.toContain('swordfish');
    expect(text).not.toContain(config.tokens[0]?.sha256);
  });

  it('show no key that stands in the address of a collector', () => {
    const env = { ...ENV, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example/?api-key=swordfish' };
    const { config } = load(FILE, { env });
    const text = JSON.stringify(configSettings(config));
    expect(text).toContain('https://otel.example/');
    expect(text).not.toContain('swordfish');
  });

  it('have each a key of its own', () => {
    const { config } = load();
    const keys = [...configSettings(config), ...config.queues.flatMap(queueSettings)];
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
  });
});

describe('the origin of a setting', () => {
  const line = (at: number, variable: string | null = null) => ({
    ...{ kind: 'file', file: 'app.yaml', line: at, variable },
  });

  it.each([
    ['port', line(1)],
    ['tokens.main', line(5)],
    ['http.cors.allowed_origins', line(9)],
    ['queues.payment.max_retries', line(16, 'RETRIES')],
    ['queues.payment.backoff_ms', line(17)],
    ['queues.payment.retention.completed', line(19)],
    // its own default, written in the file
    ['queues["two words"].concurrency', line(20)],
    ['store', line(21)],
    ['store.redis_url', line(23)],
    ['host', undefined],
    ['queues.payment.timeout_ms', undefined],
    ['queues.default.max_retries', undefined],
  ])('%s', (key, origin) => {
    expect(load().originOf(key)).toEqual(origin);
  });

  it('is an option where one wins over the file', () => {
    const overrides = { port: 9, store: 'memory' };
    const { originOf, config } = load(FILE, { overrides });
    expect(originOf('port')).toEqual({ kind: 'option', option: '--port' });
    expect(originOf('store')).toEqual({ kind: 'option', option: '--store' });
    expect(originOf('state.store')).toEqual({ kind: 'option', option: '--store' });
    expect(settingsOf(config)).toMatchObject({ port: 9, store: 'memory' });
  });

  it('is a line of the older form too, and a variable of OpenTelemetry', () => {
    const text = `modules:
  - class: modules::queue::QueueModule
    config:
      queue_configs:
        mail:
          concurrency: 3
`;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
    const { originOf } = load(text, { env });
    expect(originOf('queues.mail.concurrency')).toEqual(line(6));
    const variable = 'OTEL_EXPORTER_OTLP_ENDPOINT';
    expect(originOf('observability.endpoint.logs')).toEqual({ kind: 'variable', variable });
  });
});

describe('a queue that was written down', () => {
  it('is read back as the same queue', () => {
    const { queues } = load().config;
    const written = Object.fromEntries(queues.map((queue) => [queue.name, writeQueue(queue)]));
    const read = readQueuesObject(written, 'file');
    expect(read.problems).toEqual([]);
    expect(read.queues).toHaveLength(3);
    expect(read.queues).toEqual(expect.arrayContaining([...queues]));
  });

  it('is refused where its store cannot do it, and takes no variable of who reads it', () => {
    const read = (queue: object) =>
      readQueuesObject({ q: queue }, 'rabbitmq').problems.map(({ code }) => code);
    expect(read({ rate_limit: { max: 1, per_ms: 1 } })).toEqual(['store_cannot']);
    expect(read({ dead_letter_queue: '${HOME}' })).toEqual(['unset_variable']);
  });
});
