import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cliJson, runBash, runCli } from '../support/cli-process.ts';
import { BINARY, cleanEnvironment } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';

interface Summary {
  readonly ok: boolean;
  readonly durationMs: number;
  readonly queues: readonly { queue: string; enqueued: number; completed: number; lost: number }[];
  readonly accounts: readonly { account: string; payments: number; inOrder: boolean }[];
}

describe('iii demo', () => {
  it('proves in under 20 s that order was kept and nothing was lost', async () => {
    const summary = await cliJson<Summary>(['demo']);
    expect(summary.ok).toBe(true);
    expect(summary.durationMs).toBeLessThan(20_000);
    expect(summary.queues.map(({ queue }) => queue)).toEqual(['payment', 'mail']);
    for (const { enqueued, completed, lost } of summary.queues) {
      expect({ completed, lost }).toEqual({ completed: enqueued, lost: 0 });
    }
    expect(summary.accounts.every(({ payments, inOrder }) => inOrder && payments === 5)).toBe(true);
  });

  it('tells the story in plain lines in a pipe, each step with the command to type', async () => {
    const { code, stdout, stderr } = await runCli(['demo']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('\u001b');
    const commands = [...stdout.matchAll(/^ {3}\$ (.*)$/gm)].map(([, command]) => command);
    expect(commands).toEqual(
      expect.arrayContaining([
        'iii queue list --watch',
        'iii dlq list mail',
        'iii dlq redrive mail',
      ]),
    );
    expect(stdout).toContain("template 'invoice' not found");
    expect(stdout).toContain('order: kept in 4 of 4 accounts');
  });

  it('ends with 130 on Ctrl-C, and so does its worker', async () => {
    const demo = spawn(process.execPath, [BINARY, 'demo'], {
      cwd: tmpdir(),
      env: cleanEnvironment({ HOME: tmpdir() }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid } = demo;
    if (pid === undefined) throw new Error('the demo did not start');
    let stdout = '';
    demo.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = once(demo, 'close');
    await eventually(() => stdout.includes('iii queue list --watch'));
    // as a terminal does it: to the whole group
    process.kill(-pid, 'SIGINT');
    const [code] = (await ended) as [number | null];
    expect(code).toBe(130);
    // nothing is left in its process group
    expect(() => process.kill(-pid, 0)).toThrow('ESRCH');
  });

  it('ends quietly when nobody reads any more', async () => {
    const { stdout, stderr } = await runBash('iii demo | head -1; echo "${PIPESTATUS[0]}"');
    expect(stdout.split('\n').slice(0, 2)).toEqual(['1. An engine with two queues', '0']);
    expect(stderr).toBe('');
  });
});
