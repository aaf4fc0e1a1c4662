import { describe, expect, it } from 'vitest';
import { configSettings } from '../../src/config/settings.ts';
import { findings, parse } from './config-fixture.ts';

const ALERTS = `alerts:
  - { when: dead_letters, queue: payment, more_than: 10, within: 5m, url: 'https://alerts.example/a' }
  - { when: slo, for: 30s, repeat: 1h, url: \${TELL}, auth: { type: bearer, env: ALERT_TOKEN } }
  - { when: no_workers, url: 'http://here:9/', auth: { type: api_key, header: x-key, env: KEY } }
`;
const TOLD = { TELL: 'https://hooks.example/services/swordfish' };
const env = { ...TOLD, ALERT_TOKEN: 'x', KEY: 'x' };

describe('alerts', () => {
  it.each(['modules', 'workers'])('are read beside the queues of `%s`', (dialect) => {
    const name = dialect === 'modules' ? 'class: modules::queue::QueueModule' : 'name: iii-queue';
    const queues = '{ queue_configs: { payment: { slo: { wait_p95: 1s } } } }';
    const text = `${ALERTS}${dialect}:\n  - { ${name}, config: ${queues} }\n`;
    const { config, problems } = parse(text, { env });
    expect(problems).toEqual([]);
    const told = { moreThan: 0, withinMs: 300_000, forMs: 60_000, repeatMs: null, auth: null };
    expect(config?.alerts).toMatchObject([
      { ...told, when: 'dead_letters', queue: 'payment', moreThan: 10 },
      {
        ...told,
        ...{ when: 'slo', queue: '*', forMs: 30_000, repeatMs: 3_600_000 },
        auth: { kind: 'bearer', tokenEnv: 'ALERT_TOKEN' },
      },
      {
        ...told,
        ...{ when: 'no_workers', queue: '*' },
        auth: { kind: 'api_key', header: 'x-key', valueEnv: 'KEY' },
      },
    ]);
    expect(config?.alerts[1]?.url.reveal()).toBe(env.TELL);
  });

  it('that can never be told are warned of', () => {
    const queues = 'workers: [{ name: queue, config: { queue_configs: { payment: null } } }]\n';
    const text = `${queues}alerts:
  - { when: dead_letters, queue: paymnet, url: 'https://a.example' }
  - { when: slo, queue: payment, url: 'https://a.example' }
  - { when: no_workers, queue: 'orders::mail', url: 'https://a.example', auth: { type: hmac, env: NO } }
`;
    const loaded = parse(text);
    expect(loaded.config?.alerts).toHaveLength(3);
    expect(findings(loaded)).toEqual([
      '~no_effect 3:34',
      '~no_effect 4:13',
      '~unset_variable 5:99',
    ]);
    expect(loaded.problems[0]?.hint).toBe('Did you mean `payment`?');
  });

  it('are shown as settings without the path of their URL', () => {
    const { config, origins } = parse(ALERTS, { env, file: 'app.yaml' });
    if (config === null) throw new Error('the alerts are not valid');
    const setting = configSettings(config).find(({ key }) => key === 'alerts');
    expect(setting?.value).toEqual([
      'dead_letters of payment, more than 10 within 5m, to https://alerts.example',
      'slo of *, for 30s, again every 1h, to https://hooks.example (bearer)',
      'no_workers of *, for 1m, to http://here:9 (api_key)',
    ]);
    expect(setting?.secret?.reveal()).toContain('swordfish');
    expect(origins.get('alerts')).toMatchObject({ kind: 'file', line: 1 });
  });

  it.each([
    "alerts: [{ when: now, url: 'https://a.example/swordfish' }]",
    'alerts: [https://a.example/swordfish]',
    'alerts: [{ when: no_workers, url: a.example/swordfish }]',
  ])('do not show their URL with a problem of %s', (text) => {
    const { problems } = parse(text);
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toContain('swordfish');
  });
});
