import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBash, runCli, type CliResult, type Stdin } from '../support/cli-process.ts';
import { engineConfig } from '../support/engine-config.ts';
import { BINARY, cleanEnvironment, EngineProcess } from '../support/engine-process.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient, type Frame } from '../support/raw-client.ts';

const DEAD_PORT = { III_URL: 'ws://127.0.0.1:1' };

/** The error object a failing command prints with `-o json`. */
function errorOf({ stderr }: CliResult): Frame {
  const { error } = JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Frame };
  expect(error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  expect(error).toHaveProperty('hint');
  expect(error).toHaveProperty('details');
  return error;
}

describe('no engine', () => {
  it.concurrent.each([
    ['queue list'],
    ['queue show pay'],
    ['queue pause pay'],
    ['enqueue pay --function fn'],
    ['trigger fn'],
    ['trigger fn --void'],
    ['job list'],
    ['job show x'],
    ['job cancel x --yes'],
    ['dlq list'],
    ['dlq redrive pay'],
    ['dlq discard pay --all --yes'],
    ['worker list'],
    ['function list'],
  ])('iii %s ends with 6, the address, and what to do', async (line) => {
    const words = line.split(' ');
    const result = await runCli([...words, '-o', 'json'], { env: DEAD_PORT });
    expect(result).toMatchObject({ code: 6, stdout: '' });
    const error = errorOf(result);
    expect(error['message']).toContain('127.0.0.1:1');
    expect(error['hint']).toContain('iii serve');
  });

  it('is told to people in three lines, without a stack', async () => {
    const { code, stderr } = await runCli(['queue', 'list'], { env: DEAD_PORT });
    expect(code).toBe(6);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^error\[ENGINE_UNREACHABLE\]: /);
    expect(lines[1]).toMatch(/^cause: /);
    expect(lines[2]).toMatch(/^hint: .*iii serve/);
  });

  it('is seen when something else answers there, or never does', async () => {
    const other = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const env = { III_URL: `ws://127.0.0.1:${port}` };
    expect((await runCli(['queue', 'list'], { env })).code).toBe(6);
    other.removeAllListeners('request');
    const silent = await runCli(['queue', 'list', '--timeout', '300ms'], { env });
    expect(silent.code).toBe(6);
    other.closeAllConnections();
    other.close();
  });
});

describe('exit statuses', () => {
  let engine: EngineProcess;
  let worker: RawClient;

  beforeAll(async () => {
    engine = await EngineProcess.start({
      config: engineConfig({
        pay: { max_retries: 1 },
        lane: { type: 'fifo', message_group_field: 'account' },
      }),
    });
    worker = await RawClient.connect(engine.url);
    worker.offer('good', () => ({ result: 1 }));
    worker.offer('bad', () => ({ error: { code: 'E_CARD', message: 'declined\u001b[31m' } }));
    worker.offer('slow');
    await worker.settled();
  });
  afterAll(async () => {
    worker.terminate();
    await engine.close();
  });

  it.concurrent.each<[number, string]>([
    [0, 'queue list'],
    [0, 'dlq list pay'],
    [0, 'job list pay'],
    [0, 'help exit-codes'],
    [0, 'help examples'],
    [0, 'config show'],
    [0, 'config schema'],
    [0, 'trigger good'],
    [0, 'trigger no::such --void'],
    [0, 'enqueue pay --function good --wait'],
    [1, 'enqueue pay --function bad --wait'],
    [1, 'enqueue lane --function good'],
    [1, 'trigger bad'],
    [2, 'queue lst'],
    [2, 'quue list'],
    [2, 'queue list --nope'],
    [2, 'queue list surplus'],
    [2, 'queue show'],
    [2, 'queue list --timeout soon'],
    [2, 'queue list --url ftp://x'],
    [2, 'enqueue pay'],
    [2, 'enqueue pay --function good --data {bad'],
    [2, 'enqueue pay --function good --data 1 --file x'],
    [2, 'enqueue pay --function good --file missing.json'],
    [2, 'enqueue pay --function good --delay soon'],
    [2, 'enqueue pay --function good --priority high'],
    [2, 'enqueue pay --function good --delay 1s --run-at 2030-01-01T00:00:00Z'],
    [2, 'trigger good novalue'],
    [2, 'job list --limit -1'],
    [2, 'job list --state imaginary'],
    [2, 'dlq discard pay'],
    [2, 'dlq discard pay --all'],
    [2, 'job cancel x'],
    [2, 'config validate missing.yaml'],
    [2, 'completion tcsh'],
    [5, 'queue show nowhere'],
    [5, 'queue pause nowhere'],
    [5, 'enqueue nowhere --function good'],
    [5, 'job show nope'],
    [5, 'dlq list nowhere'],
    [5, 'dlq show nope'],
    [5, 'dlq redrive nowhere'],
    [5, 'dlq discard pay --id nope --yes'],
    [5, 'job list nowhere'],
    [5, 'trigger no::such'],
    [6, 'trigger slow --timeout 200ms'],
    [6, 'enqueue pay --function no::such --wait --timeout 200ms'],
    [8, 'config plan'],
  ])('%i for iii %s', async (expected, line) => {
    const result = await runCli([...line.split(' '), '-o', 'json'], { engine });
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: expected });
    // Differences are an answer, and no failure.
    if (expected !== 0 && expected !== 8) errorOf(result);
  });

  it('says "did you mean" for commands and options', async () => {
    const command = await runCli(['quue', 'list'], { engine });
    expect(command.stderr).toMatch(/did you mean/i);
    expect(command.stderr).toContain('queue');
    const option = await runCli(['queue', 'list', '--wacth'], { engine });
    expect(option).toMatchObject({ code: 2 });
    expect(option.stderr).toMatch(/did you mean.*--watch/i);
  });

  it('an unknown queue is told together with the known ones', async () => {
    const { stderr } = await runCli(['enqueue', 'nowhere', '-f', 'good'], { engine });
    for (const name of ['nowhere', 'pay', 'lane', 'default']) expect(stderr).toContain(name);
  });

  it('a message of a worker is printed without its control characters, and no stack', async () => {
    const { stderr } = await runCli(['trigger', 'bad'], { engine });
    expect(stderr).toContain('declined');
    expect(stderr).not.toContain('\u001b');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('130 when it is interrupted while it waits, and it says what goes on', async () => {
    const before = worker.deliveries('slow').length;
    const child = spawn(process.execPath, [BINARY, 'trigger', 'slow'], {
      env: cleanEnvironment({ III_URL: engine.url }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await worker.delivery(before + 1, 'slow');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr).toContain('still be running');
  });

  const cases: [string, readonly string[], Stdin, number, unknown][] = [
    ['--data', ['--data', '{"a":1}'], { kind: 'null' }, 0, { a: 1 }],
    ['nothing on /dev/null', [], { kind: 'null' }, 0, {}],
    ['a pipe', [], { kind: 'pipe', text: '{"a":2}\n' }, 0, { a: 2 }],
    ['an empty pipe', [], { kind: 'pipe', text: '' }, 0, {}],
    ['--data beside a pipe that never closes', ['--data', '3'], { kind: 'open_pipe' }, 0, 3],
    [
      '--data beside a pipe with something else',
      ['--data', '4'],
      { kind: 'pipe', text: '5' },
      0,
      4,
    ],
    ['--file -', ['--file', '-'], { kind: 'pipe', text: '[5]' }, 0, [5]],
    ['a pipe with bad JSON', [], { kind: 'pipe', text: '{"a":' }, 2, undefined],
    ['a pipe with two values', [], { kind: 'pipe', text: '{}\n{}\n' }, 2, undefined],
    ['a byte order mark', [], { kind: 'pipe', text: '\ufeff{"a":6}' }, 0, { a: 6 }],
    ['null', ['--data', 'null'], { kind: 'null' }, 0, null],
  ];
  it.concurrent.each(cases)(
    'enqueue takes its payload from %s',
    async (_, more, stdin, code, payload) => {
      const args = ['enqueue', 'pay', '--function', 'kept', ...more, '-o', 'json'];
      const result = await runCli(args, { engine, stdin, deadlineMs: 10_000 });
      expect(result.code).toBe(code);
      if (code !== 0) return;
      const { messageReceiptId: id } = JSON.parse(result.stdout) as { messageReceiptId: string };
      expect((await worker.call('iii::job::get', { id }))['payload']).toEqual(payload);
    },
  );

  it('enqueue takes its payload from a file, named or redirected', async () => {
    const path = join(engine.folder, 'payload.json');
    writeFileSync(path, '{"from":"file"}');
    const args = ['enqueue', 'pay', '--function', 'kept', '-o', 'json'];
    for (const [more, stdin] of [
      [['--file', 'payload.json'], { kind: 'null' }],
      [[], { kind: 'file', path }],
    ] as const) {
      const { stdout } = await runCli([...args, ...more], { engine, stdin });
      const { messageReceiptId: id } = JSON.parse(stdout) as { messageReceiptId: string };
      expect((await worker.call('iii::job::get', { id }))['payload']).toEqual({ from: 'file' });
    }
  });

  it('a payload that is too large is refused with its size', async () => {
    const stdin = { kind: 'pipe', text: `"${randomBytes(600_000).toString('hex')}"` } as const;
    const result = await runCli(['enqueue', 'pay', '-f', 'good'], { engine, stdin });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('1200002');
  });

  it('a pipe that closes early ends it quietly', async () => {
    const text = Array.from({ length: 3_000 }, (_, n) => `{"n":${n}}`).join('\n');
    const args = ['enqueue', 'pay', '--function', 'kept', '--ndjson', '-', '-o', 'name'];
    await runCli(args, { engine, stdin: { kind: 'pipe', text } });
    for (const line of [
      'iii job list --all -o ndjson | head -1',
      'iii queue list -o json | head -c 1',
      'iii --help | head -1',
    ]) {
      const { code, stdout, stderr } = await runBash(`set -o pipefail; ${line}`, { engine });
      expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
      expect(stdout.length).toBeGreaterThan(0);
    }
  });

  it('waits for a job that dies, and says why and what to do', async () => {
    const args = ['enqueue', 'pay', '--function', 'bad', '--wait'];
    const { code, stderr } = await runCli(args, { engine });
    expect(code).toBe(1);
    expect(stderr).toContain('E_CARD');
    expect(stderr).toMatch(/hint: .*iii dlq/);
  });

  it('a lost engine in the middle of waiting ends with 6', async () => {
    const short = await EngineProcess.start();
    const waiting = runCli(['enqueue', 'default', '-f', 'no::such', '--wait'], { engine: short });
    const client = await RawClient.connect(short.url);
    await eventually(async () => {
      const { total } = await client.call<{ total: number }>('iii::job::list');
      return total === 1;
    });
    short.kill('SIGKILL');
    expect((await waiting).code).toBe(6);
    client.terminate();
    await short.close();
  });
});
