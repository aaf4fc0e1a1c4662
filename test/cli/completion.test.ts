import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { completionScript, SHELLS } from '../../src/cli/completion/scripts.ts';
import { findWanted } from '../../src/cli/completion/words.ts';
import { FakeEngine, NO_ANSWER } from '../support/fake-engine.ts';
import { runCli } from '../support/run-cli.ts';
import { deadJob, mailQueue, paymentQueue } from '../support/samples.ts';

let engine: FakeEngine | undefined;

afterEach(async () => {
  await engine?.stop();
  engine = undefined;
});

/** A machine that is busy with other tests may take longer than a shell would wait. */
const PATIENT = { III_TIMEOUT: '10s' };

const answers = {
  'iii::queue::list': () => ({ queues: [paymentQueue, mailQueue] }),
  'iii::function::list': () => ({ functions: [{ functionId: 'orders::charge' }] }),
  'iii::dlq::summary': () => ({ queues: [{ queue: 'payment', dead: 1 }] }),
  'iii::dlq::list': () => ({ jobs: [deadJob], total: 1, nextCursor: null }),
};

describe('the scripts in completions/', () => {
  it.each(SHELLS)('are those that iii completion %s prints', async (shell) => {
    const { status, stdout } = await runCli(['completion', shell]);
    expect(status).toBe(0);
    expect(stdout).toBe(completionScript(shell));
    const file = new URL(`../../completions/iii.${shell}`, import.meta.url);
    expect(readFileSync(file, 'utf8'), 'stale: npm run generate').toBe(stdout);
  });
});

describe('what can be completed', () => {
  it.each([
    { typed: ['qu'], wanted: ['queue', 'serve', 'enqueue'] },
    { typed: ['queue', ''], wanted: ['list', 'show', 'pause', 'resume'] },
    { typed: ['queue', 'list', '--'], wanted: ['--watch', '--output', '--json'] },
    { typed: ['queue', 'list', '-o', ''], wanted: ['table', 'json'] },
    { typed: ['-o', 'json', 'dlq', ''], wanted: ['redrive', 'discard'] },
    { typed: ['completion', ''], wanted: ['bash', 'zsh', 'fish'] },
    { typed: ['serve', '--log-level', ''], wanted: ['debug', 'info', 'warn', 'error'] },
  ])('$typed: words', ({ typed, wanted }) => {
    expect(findWanted(typed)).toEqual({ kind: 'words', words: expect.arrayContaining(wanted) });
  });

  it.each([
    { typed: ['enqueue', ''], wanted: { kind: 'ask', what: 'queue' } },
    { typed: ['enqueue', 'payment', '--function', ''], wanted: { kind: 'ask', what: 'function' } },
    { typed: ['dlq', 'redrive', 'payment', '--id', ''], wanted: { kind: 'ask', what: 'dead' } },
    { typed: ['job', 'cancel', 'a', 'b', ''], wanted: { kind: 'ask', what: 'job' } },
    { typed: ['serve', '-c', ''], wanted: { kind: 'file' } },
    { typed: ['serve', '--store', ''], wanted: { kind: 'directory' } },
    { typed: ['enqueue', 'payment', '--data', ''], wanted: { kind: 'words', words: [] } },
    { typed: ['worker', 'list', ''], wanted: { kind: 'words', words: [] } },
  ])('$typed: $wanted', ({ typed, wanted }) => {
    expect(findWanted(typed)).toEqual(wanted);
  });

  it('comes from the running engine', async () => {
    engine = await FakeEngine.start(answers);
    const { url } = engine;
    const complete = async (...words: string[]) =>
      (await runCli(['__complete', 'bash', '--', ...words], { url, env: PATIENT })).stdout;
    expect(await complete('enqueue', 'p')).toBe('payment\n');
    expect(await complete('enqueue', 'x', '-f', 'orders::')).toBe('orders::charge\n');
    expect(await complete('dlq', 'redrive', 'payment', '--id', '')).toBe(`${deadJob.id}\n`);
  });

  it('is silently nothing when no engine runs, or it takes too long', async () => {
    const argv = ['__complete', 'bash', '--', 'enqueue', ''];
    const nothing = { status: 0, stdout: '', stderr: '' };
    expect(await runCli(argv, { url: 'ws://127.0.0.1:1' })).toEqual(nothing);
    engine = await FakeEngine.start({ 'iii::queue::list': () => NO_ANSWER });
    expect(await runCli(argv, { url: engine.url })).toEqual(nothing);
  });

  it('leaves out names that a shell would take apart', async () => {
    const queues = [{ ...paymentQueue, name: 'a$(touch x)' }, paymentQueue];
    engine = await FakeEngine.start({ 'iii::queue::list': () => ({ queues }) });
    const argv = ['__complete', 'bash', '--', 'enqueue', ''];
    const { stdout } = await runCli(argv, { url: engine.url, env: PATIENT });
    expect(stdout).toBe('payment\n');
  });
});

describe('bash', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'iii-bash-'));
    const main = fileURLToPath(new URL('../support/iii.ts', import.meta.url));
    const command = join(folder, 'iii');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" --import tsx "${main}" "$@"\n`);
    chmodSync(command, 0o755);
    writeFileSync(join(folder, 'iii.bash'), completionScript('bash'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** What bash would offer for a line, as its own completion function says. */
  function offered(line: string): Promise<string[]> {
    const script = `
      source "${join(folder, 'iii.bash')}"
      COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}
      # bash splits words at colons too
      read -ra COMP_WORDS <<< "\${COMP_LINE//:/ : }"
      [[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _iii
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const shell = spawn('bash', ['--norc', '-c', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: {
        ...process.env,
        PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`,
        ...PATIENT,
        III_URL: engine?.url ?? 'ws://127.0.0.1:1',
      },
    });
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    return new Promise((resolve) => {
      shell.once('close', () => resolve(output.split('\n').filter((word) => word !== '')));
    });
  }

  it('completes commands by itself', async () => {
    expect(await offered('iii que')).toEqual(['queue']);
    expect(await offered('iii dlq re')).toEqual(['redrive']);
  });

  it('completes options, queues and functions with colons from the running engine', async () => {
    engine = await FakeEngine.start(answers);
    expect(await offered('iii queue list --wa')).toEqual(['--watch']);
    expect(await offered('iii enqueue ')).toEqual(['payment', 'mail-with-a-rather-long-name']);
    expect(await offered('iii enqueue payment -f orders::ch')).toEqual(['charge']);
  });

  it('offers nothing when no engine runs', async () => {
    expect(await offered('iii enqueue ')).toEqual([]);
  });
});
