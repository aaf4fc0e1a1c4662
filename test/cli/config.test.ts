import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { describePolicy } from '../../src/cli/views/policy.ts';
import { defaultPolicy } from '../../src/queue/policy.ts';
import { runCli } from '../support/run-cli.ts';

let folder: string;

const queue = (settings: string): string =>
  `workers:
  - name: iii-queue
    config:
      queue_configs:
        payment:
${settings.replace(/^/gm, '          ')}
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iii-config-'));
  writeFileSync(
    join(folder, 'good.yaml'),
    queue('type: fifo\nmessage_group_field: transaction_id\nmax_retries: 10'),
  );
  writeFileSync(join(folder, 'bad.yaml'), queue('max_retry: 10\nconcurrency: none'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const validate = (...argv: string[]) => runCli(['config', 'validate', ...argv], { cwd: folder });

describe('iii config validate', () => {
  it('says what each queue will do', async () => {
    const { status, stdout } = await validate('good.yaml');
    expect(status).toBe(0);
    expect(stdout).toContain(
      'payment: fifo by transaction_id, up to 10 attempts, 1 at a time, backoff 1s, 2s, 4s …\n',
    );
  });

  it('prints every problem with its place and a caret', async () => {
    const { status, stderr } = await validate('bad.yaml');
    expect(status).toBe(2);
    expect(stderr).toContain('bad.yaml:6:11');
    expect(stderr).toContain('^^^^^^^^^');
    expect(stderr.match(/error\[/g)).toHaveLength(2);
  });

  it('prints the fixed keys as JSON', async () => {
    const { status, stdout } = await validate('bad.yaml', '-o', 'json');
    expect(status).toBe(2);
    const result = JSON.parse(stdout) as { valid: boolean; problems: object[]; queues: object[] };
    expect(result.valid).toBe(false);
    expect(Object.keys(result.problems[0] ?? {})).toEqual(
      expect.arrayContaining([
        'severity',
        'code',
        'message',
        'file',
        'line',
        'column',
        'path',
        'hint',
      ]),
    );
    expect(Array.isArray(result.queues)).toBe(true);
  });

  it('writes annotations for GitHub', async () => {
    const { status, stdout } = await validate('bad.yaml', '-o', 'github');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^::error file=bad.yaml,line=6,col=11,title=\w+::/);
  });

  it('lets warnings pass, but not with --strict', async () => {
    writeFileSync(join(folder, 'empty.yaml'), '');
    expect((await validate('empty.yaml')).status).toBe(0);
    expect((await validate('empty.yaml', '--strict')).status).toBe(2);
  });

  it('of a file that is not there ends with 2', async () => {
    expect((await validate('nope.yaml')).status).toBe(2);
  });

  it('without a file checks the defaults', async () => {
    const { status, stdout } = await validate();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^default: standard, up to 3 attempts, 10 at a time/);
  });
});

describe('the sentence about a queue', () => {
  it.each([
    [{ maxAttempts: 1 }, 'standard, 1 attempt, 10 at a time'],
    [{ maxAttempts: 2, backoffMs: 500 }, 'standard, up to 2 attempts, 10 at a time, backoff 500ms'],
    [
      { maxAttempts: 9, maxBackoffMs: 3_000, jitter: 0.25 },
      'standard, up to 9 attempts, 10 at a time, backoff 1s, 2s, 3s … up to 3s (25% random)',
    ],
    [
      { type: 'fifo', groupField: 'user', groupConcurrency: 4, maxAttempts: 1 },
      'fifo by user, 1 attempt, 4 groups at a time',
    ],
    [
      { maxAttempts: 1, rateLimit: { max: 5, perMs: 1_000 }, deadLetterQueue: 'morgue' },
      'standard, 1 attempt, 10 at a time, at most 5 per 1s, dead jobs in morgue',
    ],
  ] as const)('for %j is: %s', (settings, sentence) => {
    expect(describePolicy({ ...defaultPolicy('q'), ...settings })).toBe(sentence);
  });
});

interface Made {
  readonly token: string;
}

describe('iii token create', () => {
  it('prints a new token once, and lines that let it in', async () => {
    const { status, stdout, stderr } = await runCli(['token', 'create', '--role', 'read']);
    expect(status).toBe(0);
    const token = stdout.trim();
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const lines = stderr.slice(stderr.indexOf('auth:'));
    const hash = createHash('sha256').update(token).digest('hex');
    expect(parse(lines)).toEqual({ auth: { tokens: [{ name: 'operator', role: 'read', hash }] } });
    const loaded = parseConfig(lines, {
      file: null,
      env: {},
      read: () => undefined,
      sha256: () => '',
    });
    expect(loaded.problems).toEqual([]);
    expect(loaded.config?.tokens[0]?.sha256).toBe(hash);
  });

  it.each(['json', 'name'])('says on stderr what lets it in with -o %s too', async (format) => {
    const { stdout, stderr } = await runCli(['token', 'create', '-o', format]);
    const token = format === 'name' ? stdout.trim() : (JSON.parse(stdout) as Made).token;
    const hash = createHash('sha256').update(token).digest('hex');
    expect(stderr).toMatch(/ stands:\nauth:\n/);
    expect(stderr).toContain(`      hash: ${hash}\n`);
  });
});
