import { afterEach, describe, expect, it } from 'vitest';
import type { SettingView } from '../../src/admin/config-contract.ts';
import { ManualClock } from '../../src/base/clock.ts';
import type { Origin } from '../../src/config/origin.ts';
import { defaultPolicy } from '../../src/queue/policy.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { type CliOptions, runCli } from '../support/run-cli.ts';
import { ago, NOW } from '../support/samples.ts';

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

const line = (at: number, variable: string | null = null): Origin => ({
  ...{ kind: 'file', file: 'iii-config.yaml', line: at, variable },
});
const setting = (
  key: string,
  value: SettingView['value'],
  origin: Origin = { kind: 'default' },
): SettingView => ({ key, value, origin });

const settings = [
  setting('host', '127.0.0.1'),
  setting('port', 7_000, { kind: 'option', option: '--port' }),
  setting('allowed_origins', ['https://shop.example', 'https://admin.example'], line(2)),
  setting('tokens.main', 'admin', line(5)),
  setting('store', 'redis', line(20)),
  setting('store.redis_url', 'redis://app:***@cache:6379/2', line(21, 'REDIS_URL')),
  setting('http.concurrency_request_limit', 1_024),
  setting('observability.service_name', 'till', {
    ...{ kind: 'variable', variable: 'OTEL_SERVICE_NAME' },
  }),
  setting('queues.payment.max_retries', 10, line(12)),
  setting('queues.payment.concurrency', 5, {
    ...{ kind: 'applied', by: 'night-shift', at: ago(65_000), file: 'iii-config.yaml' },
  }),
  setting('queues.payment.rate_limit', { max: 5, per_ms: 1_000 }, line(13)),
  setting('queues.payment.ttl_ms', null),
  setting('queues["two words"].type', 'standard'),
];
const view = {
  ...{ file: 'iii-config.yaml', fingerprint: '0123456789abcdef', settings },
  queues: [defaultPolicy('payment'), defaultPolicy('two words')],
};

interface Shown {
  readonly command: readonly { readonly key: string; readonly origin: string }[];
}

async function show(argv: readonly string[], options: CliOptions = {}) {
  engine ??= await FakeEngine.start({
    'iii::config::get': () => ({ ...view, digestKey: 'of this engine' }),
  });
  const clock = new ManualClock(NOW);
  return runCli(['config', 'show', ...argv], { url: engine.url, clock, ...options });
}

describe('iii config show', () => {
  it.each([40, 80, 200])('fits into %i columns, each kind of origin in words', async (columns) => {
    const env = { III_TOKEN: 'a token that is shown nowhere' };
    const argv = ['--origin', '--color', 'never'];
    const { status, stdout } = await show(argv, { columns, env });
    expect(status).toBe(0);
    expect(Math.max(...stdout.split('\n').map((one) => one.length))).toBeLessThanOrEqual(columns);
    const screen = stdout.replace(/ws:\S+/, ({ length }) =>
      'ws://engine:49134'.slice(0, length).padEnd(length),
    );
    await expect(screen).toMatchFileSnapshot(`golden/config-show-${columns}.txt`);
  });

  it('says nothing of origins unless asked', async () => {
    const { stdout } = await show([]);
    expect(stdout).toMatch(/^QUEUE payment +VALUE\nmax_retries +10\n/m);
    expect(stdout).not.toContain('FROM');
  });

  it('gives programs everything but the key of the digests', async () => {
    const { command, ...shown } = JSON.parse((await show(['-o', 'json'])).stdout) as Shown;
    expect(shown).toEqual(view);
    expect(command.map(({ key, origin }) => [key, origin])).toEqual([
      ...[
        ['url', 'III_URL'],
        ['token', 'default'],
        ['timeout', 'default'],
        ['output', '--output'],
      ],
      ...[
        ['color', 'default'],
        ['time', 'default'],
      ],
    ]);
    const lines = (await show(['-o', 'ndjson'])).stdout.trimEnd().split('\n');
    expect(lines.map((one) => JSON.parse(one) as unknown)).toEqual(settings);
    expect((await show(['-o', 'name'])).stdout).toContain('\nqueues.payment.rate_limit\n');
  });

  it('says that no engine answers', async () => {
    const { status, stdout } = await show([], { url: 'ws://127.0.0.1:1' });
    expect([status, stdout]).toEqual([6, '']);
  });
});
