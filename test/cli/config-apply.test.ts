import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, startApp } from '../../src/app.ts';
import { configSchema } from '../../src/config/json-schema.ts';
import { parse } from '../config/config-fixture.ts';
import { type CliOptions, runCli } from '../support/run-cli.ts';

/*
 * The commands of the configuration against a whole engine in this process: what they print, and what
 * the engine does then.
 */

const PASSWORD = 'swordfish';
const TOKEN_HASH = 'ab'.repeat(32);
const RUNNING = `max_job_bytes: 900000
workers:
  - name: iii-queue
    config:
      queue_configs:
        payment: { type: fifo, message_group_field: account, max_retries: \${RETRIES:4} }
        mail: { concurrency: 4 }
`;
const file = (queues: string, top = 'max_job_bytes: 900000'): string =>
  `${top}\nworkers: [{ name: iii-queue, config: { queue_configs: ${queues} } }]\n`;

const SAME = RUNNING;
const PAYMENT = 'payment: { type: fifo, message_group_field: account, max_retries: 4 }';
const LIVE = file(`{ ${PAYMENT}, mail: { concurrency: 9, timeout_ms: 5000 } }`);
const DESTRUCTIVE = file('{ payment: { max_retries: 4 }, mail: { concurrency: 4 } }');
const MIXED = file(`{ ${PAYMENT}, mail: { concurrency: 2 } }`, 'max_job_bytes: 500000');
const SECRET = `auth: { tokens: [{ name: main, role: admin, hash: ${TOKEN_HASH} }] }
workers:
  - name: iii-queue
    config:
      adapter: { name: redis, config: { redis_url: "redis://:${PASSWORD}@cache" } }
`;
const FILES = {
  ...{ 'running.yaml': RUNNING, 'same.yaml': SAME, 'live.yaml': LIVE },
  ...{ 'destructive.yaml': DESTRUCTIVE, 'mixed.yaml': MIXED, 'secret.yaml': SECRET },
  'bad.yaml': file('{ mail: { concurency: 1 } }'),
  'not-a-plan.json': '{"schema":"iii-plan/1","jobs":[]}',
};

let folder: string;
let app: App;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-config-'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  const { config, origins } = parse(RUNNING, {
    file: 'running.yaml',
    overrides: { store: 'memory', port: 0, httpPort: 0 },
  });
  if (config === null) throw new Error('the configuration is not valid');
  app = await startApp({ config, origins });
});

afterEach(() => app.stop());

function iii(words: string, options: CliOptions = {}) {
  return runCli(words.split(' '), { url: app.url ?? '', cwd: folder, ...options });
}

/** Jobs of one account wait in `payment`. */
async function enqueue(count: number): Promise<void> {
  const request = { functionId: 'pay', traceparent: null, baggage: null, metadata: null };
  const data = { text: '{"account":1}', depth: 1 };
  const job = { ...request, data, options: { queue: 'payment' } };
  await app.engine.enqueue(Array.from({ length: count }, () => job));
}

describe('iii config plan', () => {
  it('ends with 0 when nothing is different', async () => {
    const { status, stdout, stderr } = await iii('config plan same.yaml');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe('No differences between same.yaml and the engine.\n');
  });

  it('ends with 8 and tells programs each difference with its effect', async () => {
    await enqueue(812);
    const { status, stdout } = await iii('config plan destructive.yaml -o json');
    expect(status).toBe(8);
    expect(JSON.parse(stdout)).toEqual({
      file: 'destructive.yaml',
      differences: 2,
      fingerprint: expect.stringMatching(/^[\da-f]{16}$/) as string,
      changes: [
        {
          ...{ key: 'queues.payment.type', queue: 'payment', from: 'fifo', to: 'standard' },
          ...{ effect: 'destructive', note: '812 waiting jobs lose their order', jobs: 812 },
        },
        expect.objectContaining({ key: 'queues.payment.message_group_field', effect: 'live' }),
      ],
      overruled: [],
    });
  });

  it('prints the keys with -o name', async () => {
    const { stdout } = await iii('config plan mixed.yaml -o name');
    expect(stdout).toBe('queues.mail.concurrency\nmax_job_bytes\n');
  });

  it.each([
    ['config plan bad.yaml', 2, 'unknown_key'],
    ['config plan missing.yaml', 2, 'CONFIG_INVALID'],
    ['config plan live.yaml --plan-out nowhere/plan.json', 1, 'OUTPUT_FAILED'],
    ['config apply --plan not-a-plan.json', 2, 'is not a plan of a configuration'],
    ['config apply --plan missing.json', 2, 'cannot be read'],
    ['config apply --plan bad.yaml', 2, 'is not a plan of a configuration'],
    ['config show bad.yaml', 2, 'unknown_key'],
  ])('%s ends with %i', async (words, wanted, text) => {
    const { status, stdout, stderr } = await iii(words);
    expect([status, stdout]).toEqual([wanted, '']);
    expect(stderr).toContain(text);
  });
});

describe('iii config apply', () => {
  it('says on stdout that there was nothing to do', async () => {
    const { status, stdout, stderr } = await iii('config apply same.yaml');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe('No differences between same.yaml and the engine.\n');
  });

  it('changes what needs no restart without a question, and says what comes at the next start', async () => {
    const { status, stdout, stderr } = await iii('config apply live.yaml');
    expect(status).toBe(0);
    expect(stdout).toContain('queues.mail.concurrency: 4 → 9');
    expect(stderr).toContain('Applied 2 changes.');
    expect(app.engine.policies.get('mail')).toMatchObject({ concurrency: 9, timeoutMs: 5_000 });
    expect((await iii('config plan live.yaml')).status).toBe(0);
  });

  it('leaves what needs a restart, and ends with 3', async () => {
    const mixed = await iii('config apply mixed.yaml -o json');
    expect(mixed.status).toBe(3);
    expect(JSON.parse(mixed.stdout)).toMatchObject({ applied: 1, left: 1, differences: 2 });
    expect(app.engine.policies.get('mail')?.concurrency).toBe(2);
    const again = await iii('config apply mixed.yaml');
    expect(again.status).toBe(3);
    expect(again.stderr).toContain('Left 1 change');
    expect(again.stderr).not.toContain('Applied');
  });

  it('destroys nothing without a terminal or --yes', async () => {
    await enqueue(3);
    const { status, stderr } = await iii('config apply destructive.yaml -o json');
    expect(status).toBe(2);
    expect(stderr).toContain('CONFIRMATION_NEEDED');
    expect(app.engine.policies.get('payment')?.type).toBe('fifo');
    expect((await iii('config apply destructive.yaml --yes')).status).toBe(0);
    expect(app.engine.policies.get('payment')?.type).toBe('standard');
  });

  it.each([
    [3, 'n\n', 'fifo'],
    [3, 'y\n', 'standard'],
    [1_001, 'y\n', 'fifo'],
    [1_001, 'payment\n', 'standard'],
  ])(
    'with %i jobs in their order, asks and hears %j: the queue is %s',
    async (jobs, types, type) => {
      await enqueue(jobs);
      const { status, stderr } = await iii('config apply destructive.yaml', { types });
      expect(status).toBe(0);
      expect(stderr).toContain(`${jobs} waiting jobs lose their order`);
      expect(stderr.includes('Nothing was done.')).toBe(type === 'fifo');
      expect(app.engine.policies.get('payment')?.type).toBe(type);
    },
  );

  it('only shows with --dry-run', async () => {
    const { status, stdout } = await iii('config apply mixed.yaml --dry-run -o json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, applied: 1, left: 1 });
    expect(app.engine.policies.get('mail')?.concurrency).toBe(4);
  });

  it('carries out a plan once, and refuses it after somebody else applied something', async () => {
    expect((await iii('config plan live.yaml --plan-out plan.json')).status).toBe(8);
    const changed = await iii('config apply mixed.yaml --plan plan.json');
    expect(changed.status).toBe(7);
    expect(changed.stderr).toContain('something else than the plan');
    expect((await iii('config apply live.yaml --plan plan.json')).status).toBe(0);
    expect(app.engine.policies.get('mail')?.concurrency).toBe(9);
    await iii('config apply mixed.yaml');
    const { status, stderr } = await iii('config apply --plan plan.json');
    expect(status).toBe(7);
    expect(stderr).toContain('iii audit');
    expect(app.engine.policies.get('mail')?.concurrency).toBe(2);
  });

  it('is written down with who did it', async () => {
    await iii('config apply live.yaml');
    const { stdout } = await iii('audit -o json');
    expect(JSON.parse(stdout)).toMatchObject([
      { action: 'iii::config::apply', facts: { applied: 2, left: 0 } },
    ]);
  });
});

describe('iii config show', () => {
  it('tells what the engine runs with, and where each value comes from', async () => {
    const { status, stdout } = await iii('config show -o json');
    expect(status).toBe(0);
    const { settings, ...view } = JSON.parse(stdout) as { settings: object[] };
    expect(view).toMatchObject({
      ...{ file: 'running.yaml', fingerprint: expect.any(String) as string },
      queues: [{ name: 'default' }, { name: 'payment', maxAttempts: 4 }, { name: 'mail' }],
    });
    expect(settings).toEqual(
      expect.arrayContaining([
        {
          ...{ key: 'max_job_bytes', value: 900_000 },
          origin: { kind: 'file', file: 'running.yaml', line: 1, variable: null },
        },
        { key: 'store', value: 'memory', origin: { kind: 'option', option: '--store' } },
      ]),
    );
  });

  it('tells of a file without asking an engine, with variables by name', async () => {
    const env = { RETRIES: '6' };
    const options = { url: 'ws://127.0.0.1:1', env };
    const { status, stdout } = await iii('config show running.yaml --origin', options);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^max_retries +6 +\$RETRIES at running\.yaml:6$/m);
  });

  it('shows what was applied as that', async () => {
    await iii('config apply live.yaml');
    const { stdout } = await iii('config show --origin');
    expect(stdout).toMatch(/^concurrency +9 +applied .* from live\.yaml$/m);
  });
});

describe('secrets', () => {
  it('are in no answer, no plan and no output', async () => {
    const words = [
      'config show secret.yaml --origin',
      'config show secret.yaml -o json',
      'config plan secret.yaml --plan-out secret.json -o json',
      'config plan secret.yaml',
      'config apply secret.yaml --dry-run -o yaml',
    ];
    const texts = [];
    for (const one of words) {
      const { stdout, stderr } = await iii(one);
      expect(stdout + stderr).toContain('redis://:***@cache');
      texts.push(stdout + stderr);
    }
    texts.push(readFileSync(join(folder, 'secret.json'), 'utf8'));
    for (const text of texts) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(TOKEN_HASH);
      expect(text).not.toMatch(/"digest":"/);
    }
  });
});

describe('iii config schema', () => {
  it('prints the schema, and the line that makes editors use it', async () => {
    const { status, stdout, stderr } = await iii('config schema');
    expect(status).toBe(0);
    expect(stdout).toBe(`${JSON.stringify(configSchema(), null, 2)}\n`);
    const header = await iii('config schema --header');
    expect(header.stdout).toMatch(/^# yaml-language-server: \$schema=.+schema\.json\n$/);
    expect(stderr).toContain(header.stdout.trim());
  });
});

describe('screens of the configuration', () => {
  it.each(
    [
      ['plan', 'config plan mixed.yaml'],
      ['apply', 'config apply destructive.yaml --dry-run'],
    ].flatMap(([name = '', words = '']) =>
      [40, 80, 200].map((columns) => ({ name, words, columns })),
    ),
  )('$words at $columns columns', async ({ name, words, columns }) => {
    await enqueue(812);
    const { stdout } = await iii(`${words} --color never`, { columns });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
    await expect(stdout).toMatchFileSnapshot(`golden/config-${name}-${columns}.txt`);
  });
});
