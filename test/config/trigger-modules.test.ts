import { describe, expect, it } from 'vitest';
import { findings, parse } from './config-fixture.ts';

const module = (name: string, config: unknown): string =>
  JSON.stringify({ workers: [{ name, config }] });

describe('the state module', () => {
  const state = (config: unknown, overrides = {}) =>
    parse(module('iii-state', config), { overrides });

  it('keeps values beside the jobs unless something is written', () => {
    for (const config of [null, {}]) {
      expect(state(config).config?.state).toEqual({
        store: null,
        triggersEnabled: true,
        maxValueBytes: null,
      });
    }
  });

  it('keeps them in memory or in a folder of their own, in both dialects', () => {
    const folder = { store_method: 'file_based', file_path: './values' };
    expect(state({ adapter: { name: 'kv', config: folder } }).config?.state.store).toEqual({
      kind: 'file',
      path: './values',
    });
    const old = { class: 'modules::state::adapters::KvStore' };
    expect(state({ adapter: old }).config?.state.store).toEqual({ kind: 'memory' });
  });

  it('takes a limit, and switches triggers off', () => {
    const { config, problems } = state({ max_value_bytes: 10, triggers_enabled: false });
    expect(problems).toEqual([]);
    expect(config?.state).toMatchObject({ maxValueBytes: 10, triggersEnabled: false });
  });

  it('writes nothing to disk when memory was asked for', () => {
    const folder = { store_method: 'file_based', file_path: './values' };
    const adapter = { name: 'kv', config: folder };
    expect(state({ adapter }, { store: 'memory' }).config?.state.store).toBeNull();
  });

  it.each([
    [{ adapter: { name: 'redis', config: { redis_url: 'x' } } }, 'out_of_range'],
    [{ adapter: { name: 'bridge' } }, 'store_not_available'],
    [{ adapter: { name: 'sql' } }, 'unknown_adapter'],
    [{ adapter: { name: 'kv', config: { store_method: 'file_based' } } }, 'missing_key'],
    [{ adapter: { name: 'kv', config: { file_path: './x' } } }, '~no_effect'],
    [{ save_interval_ms: 5_000 }, '~no_effect'],
    [{ max_value_bytes: 0 }, 'out_of_range'],
    [{ triggers: true }, 'unknown_key'],
    [
      {
        adapter: {
          name: 'kv',
          config: { store_method: 'file_based', file_path: './data/queue_store' },
        },
      },
      'conflicting_keys',
    ],
  ])('is told what is wrong: %j', (config, code) => {
    expect(findings(state(config)).map((finding) => finding.split(' ')[0])).toEqual([code]);
  });
});

describe('the module for functions called over HTTP', () => {
  it('calls only https and only public addresses unless told otherwise', () => {
    expect(parse('{}').config?.urlPolicy).toEqual({
      allowlist: ['*'],
      blockPrivateAddresses: true,
      requireHttps: true,
    });
    const security = {
      url_allowlist: ['*.example.com'],
      block_private_ips: false,
      require_https: false,
    };
    const { config, problems } = parse(module('iii-http-functions', { security }));
    expect(problems).toEqual([]);
    expect(config?.urlPolicy).toEqual({
      allowlist: ['*.example.com'],
      blockPrivateAddresses: false,
      requireHttps: false,
    });
  });
});

describe('the pubsub module', () => {
  it.each(['iii-pubsub', 'pubsub'])(
    'needs no settings, and says that an adapter shares nothing: %s',
    (name) => {
      expect(parse(module(name, null)).problems).toEqual([]);
      expect(parse(module(name, { adapter: { name: 'redis' } })).problems).toMatchObject([
        { code: 'unsupported' },
      ]);
      expect(parse(module(name, { adaptor: 1 })).problems).toMatchObject([{ code: 'unknown_key' }]);
    },
  );
});

describe('the cron module', () => {
  it.each(['iii-cron', 'modules::cron::CronModule'])('needs no settings: %s', (name) => {
    const { config, problems } = parse(module(name, null));
    expect(problems).toEqual([]);
    expect(config?.cronStore).toBeNull();
    expect(parse(module(name, { adaptor: 1 })).problems).toMatchObject([{ code: 'unknown_key' }]);
  });

  it.each(['redis', 'modules::cron::RedisCronAdapter'])(
    'shares its ticks through %s',
    (adapter) => {
      const { config, problems } = parse(module('iii-cron', { adapter: { name: adapter } }));
      expect(problems).toEqual([]);
      expect(config?.cronStore).toMatchObject({ kind: 'redis' });
    },
  );

  it('keeps to itself with the adapter of the original, whose lock has no effect', () => {
    const adapter = { name: 'kv', config: { lock_ttl_ms: 30_000 } };
    const { config, problems } = parse(module('cron', { adapter }));
    expect(problems).toMatchObject([{ severity: 'warning', code: 'no_effect' }]);
    expect(config?.cronStore).toBeNull();
  });
});
